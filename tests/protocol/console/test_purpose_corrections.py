"""Corrections of a purpose's wording in the console and by the Admin API: asked for by one, let happen by another, told wherever it matters."""

from __future__ import annotations

from typing import Any

import pytest

from idp.ports.consents import ConsentText
from idp.ports.sessions import ConsentState
from idp.services.approvals import PENDING
from policies import claims
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.units import SHORT
from tests.support.visit import BASE

TELL: dict[str, Any] = {
    "id": "tell",
    "text": {"vi": "Báo kết qủa", "en": "To send the result"},
    "legal_basis": "consent",
    "claims": ["name"],
}
RIGHT = {"text_vi": "Báo kết quả", "text_en": "To send the result", "reason": "Lỗi chính tả"}


@pytest.fixture
def client_id(admin: AdministeredWorld) -> str:
    return admin.client(SHORT, scope="openid profile email", purposes=[TELL]).client.client_id


@pytest.fixture
def consent_id(admin: AdministeredWorld, client_id: str) -> str:
    """Return the consent of a person to the text with the mistake."""
    client = admin.wiring.clients.known(client_id)
    person = admin.world.add_person(1)
    answer = ConsentState("consent", "openid profile", claims.pack(["name"]), 0, client.consent_version)
    text = ConsentText(client.consent_version, client.purpose, client.legal_basis, client.purpose_list)
    admin.wiring.consents.give(person, client_id, "", answer, "", "", text)
    (consent,) = admin.wiring.consents.of_account(person)
    return consent.id


@pytest.fixture
def officer(admin: AdministeredWorld) -> Administrating:
    admin.grant("officer", Role.CONSENT_OFFICER)
    return Administrating(admin, admin.account("officer"))


def asked(top: Administrating, client_id: str, **values: Any) -> Any:
    page = top.open(f"/admin/clients/{client_id}/purposes/tell/correct")
    return top.submit(page, "correction-form", **{**RIGHT, **values})


def text(admin: AdministeredWorld, client_id: str) -> str:
    return str(admin.wiring.clients.known(client_id).purposes[0]["text"]["vi"])


def test_a_correction_is_asked_by_one_and_let_happen_by_another_who_reads_both_texts(
    admin: AdministeredWorld, top: Administrating, client_id: str, consent_id: str, officer: Administrating
) -> None:
    page = asked(top, client_id)
    assert text(admin, client_id) == TELL["text"]["vi"]
    assert page.soup.find(id="approve-form") is None, "nobody lets his own happen"
    (waiting,) = (one for one in admin.wiring.approvals.search(pending=True) if one.state == PENDING)
    second = officer.open(f"/admin/approvals/{waiting.id}")
    assert "“qủa” đổi thành “quả”" in second.text
    officer.submit(second, "approve-form")
    assert text(admin, client_id) == RIGHT["text_vi"]
    client = admin.wiring.clients.known(client_id)
    assert client.rewritten == ()
    (event,) = admin.world.events("client:correct")
    assert event["client_id"] == client_id
    assert RIGHT["reason"] in event["detail"]
    assert "Sửa lỗi chữ trong mục đích" in top.open(f"/admin/clients/{client_id}/changes").text
    assert "sau đó đã sửa lỗi chữ" in top.open(f"/admin/consents/{consent_id}").text
    report = top.open("/admin/data-protection")
    heads = [one.get_text() for one in report.soup.select("thead th")]
    row = report.soup.select_one("tbody tr")
    assert row is not None
    cells = dict(zip(heads, [one.get_text() for one in row.find_all(["th", "td"])], strict=False))
    assert cells["Sửa lỗi chữ"] == "1"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text_vi": "Quảng cáo sản phẩm"}, ""),
        ({"text_vi": "Báo kết quả 2"}, ""),
        ({"text_vi": TELL["text"]["vi"]}, ""),
        ({"text_en": ""}, "text_en"),
    ],
)
def test_what_is_no_correction_is_told_on_the_form_and_waits_for_nobody(
    admin: AdministeredWorld, top: Administrating, client_id: str, wrong: dict[str, str], field: str
) -> None:
    page = asked(top, client_id, **wrong)
    assert page.soup.find(id="correction-form") is not None
    assert page.soup.select_one(f"#{field}-problem" if field else "[role=alert]") is not None
    assert admin.wiring.approvals.search(pending=True) == []


def test_a_system_that_changed_meanwhile_is_not_corrected(
    admin: AdministeredWorld, top: Administrating, client_id: str, officer: Administrating
) -> None:
    asked(top, client_id)
    (waiting,) = admin.wiring.approvals.search(pending=True)
    admin.wiring.clients.set_not_before(client_id, admin.world.clock.now())
    page = officer.submit(officer.open(f"/admin/approvals/{waiting.id}"), "approve-form")
    assert page.status == 409
    assert text(admin, client_id) == TELL["text"]["vi"]


def test_who_may_not_correct_finds_neither_form_nor_link(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    admin.grant("auditor", Role.AUDITOR)
    auditor = Administrating(admin, admin.account("auditor"))
    assert "/correct" not in auditor.open(f"/admin/clients/{client_id}/purposes").text
    assert auditor.open(f"/admin/clients/{client_id}/purposes/tell/correct").status == 403
    assert f"/admin/clients/{client_id}/purposes/tell/correct" in top.open(f"/admin/clients/{client_id}/purposes").text
    assert top.open(f"/admin/clients/{client_id}/purposes/other/correct").status == 404


def test_the_purpose_of_a_system_as_a_whole_is_corrected_in_the_languages_that_it_has(
    admin: AdministeredWorld, top: Administrating, officer: Administrating
) -> None:
    one = admin.client(SHORT, scope="openid email", purpose={"vi": "Giải quyêt hồ sơ"}).client.client_id
    page = top.open(f"/admin/clients/{one}/correct-purpose")
    assert page.soup.find(id="text_en") is None
    top.submit(page, "correction-form", text_vi="Giải quyết hồ sơ", reason="Lỗi chính tả")
    (waiting,) = admin.wiring.approvals.search(pending=True)
    officer.submit(officer.open(f"/admin/approvals/{waiting.id}"), "approve-form")
    assert admin.wiring.clients.known(one).purpose == {"vi": "Giải quyết hồ sơ"}
    assert len(admin.wiring.clients.known(one).corrected) == 1


def test_the_person_reads_on_the_receipt_what_was_read_and_that_it_was_corrected(
    admin: AdministeredWorld, top: Administrating, client_id: str, consent_id: str, officer: Administrating
) -> None:
    consent = admin.wiring.consents.get(consent_id)
    assert consent is not None
    person = Administrating(admin, consent.account_id)
    path = f"/account/receipts/{consent_id}"
    assert person.open(path).soup.find(id="receipt-corrected") is None
    asked(top, client_id)
    (waiting,) = admin.wiring.approvals.search(pending=True)
    officer.submit(officer.open(f"/admin/approvals/{waiting.id}"), "approve-form")
    receipt = person.open(path)
    assert receipt.soup.find(id="receipt-corrected") is not None
    assert TELL["text"]["vi"] in receipt.text
    assert person.http.get(f"{path}/signed", base_url=BASE).status_code == 200
