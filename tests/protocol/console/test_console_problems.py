"""What is wrong with a form, in the reader's language, with the codes that the contract wants and nothing of the inside."""

from __future__ import annotations

import logging

import pytest

from clients.errors import MetadataError, RegistrationRefused
from idp.endpoints.admin.problem_words import problem_lines
from idp.errors import Conflict, InvalidInput
from idp.web.i18n import translator
from keys.errors import KeyNotFound, KeyRefused
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating

VI, EN = translator("vi"), translator("en")


def test_fault_is_told_in_the_language_of_the_reader_with_both_codes(
    admin: AdministeredWorld, top: Administrating, caplog: pytest.LogCaptureFixture
) -> None:
    client_id = admin.client("79.1").client.client_id
    page = top.open(f"/admin/clients/{client_id}")
    with caplog.at_level(logging.INFO, "idp.web"):
        wrong = top.submit(page, "rotate-form", reason="x" * 501)
    assert wrong.status == 400
    assert "Dài quá 500 ký tự" in wrong.text
    assert "must have" not in wrong.text
    case = wrong.soup.select_one("#case-code")
    assert case is not None
    assert wrong.soup.select_one("#error-code") is not None
    (logged,) = [one for one in caplog.records if one.message.startswith("refused:")]
    assert logged.__dict__["case_code"] == case.get_text()


def test_fault_of_english_readers_is_in_english(admin: AdministeredWorld, top: Administrating) -> None:
    page = top.open(f"/admin/clients/{admin.client('79.1').client.client_id}?lang=en")
    wrong = top.submit(page, "suspend-form", reason="")
    assert "Reason: Is required." in wrong.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InvalidInput("is required: how and when the person asked", field="reason"), "Lý do: Cần điền mục này."),
        (InvalidInput("must be 0 to 2592000 seconds", field="overlap"), "overlap: Cần nằm trong khoảng từ 0 đến"),
        (InvalidInput("must be one of active, suspended", field="state"), "các giá trị: active, suspended"),
        (InvalidInput("'SELECT 049499000001' went wrong", field="x"), "x: Giá trị chưa đúng"),
        (Conflict("the client was changed meanwhile: look again", code="changed"), "Người khác vừa thay đổi"),
        (Conflict("/var/lib/x is odd", code="unheard_of"), "không còn phù hợp"),
        (KeyNotFound("EdDSA has no next key to sign with: see `idp keys list`"), "Không có khóa này"),
        (KeyRefused("key x is active already", code="key_not_signing"), "không cho phép"),
        (RegistrationRefused([MetadataError("scope", "openid_missing", "must contain openid")]), "Cần chọn openid"),
        (InvalidInput("nothing was written; faults:\n79.1: ends twice", code="register_faults"), "79.1: ends twice"),
    ],
)
def test_nothing_of_an_operators_sentence_is_shown_but_bounds_and_choices(error: Exception, said: str) -> None:
    text = "\n".join(problem_lines(VI, error))
    assert said in text
    for inside in ("SELECT", "049499000001", "/var/lib", "meanwhile", "idp keys"):
        assert inside not in text
        assert inside not in "\n".join(problem_lines(EN, error))
