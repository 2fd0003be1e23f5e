"""Purposes in the console: added, rewritten and removed after what people will read was shown; a law as the ground takes two."""

from __future__ import annotations

from typing import Any

import pytest

from idp.ports.consents import ConsentText
from idp.ports.sessions import ConsentState
from policies import claims
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.units import LONG, SHORT

TELL = {
    "id": "tell",
    "text_vi": "Báo kết quả",
    "text_en": "To send the result",
    "legal_basis": "consent",
    "claims": ["name"],
    "optional_claims": ["email"],
    "reason": "Công văn 7",
}
BY_LAW = {
    "id": "settle",
    "text_vi": "Giải quyết hồ sơ",
    "text_en": "To settle a dossier",
    "legal_basis": "public_duty",
    "claims": ["birthdate"],
}


@pytest.fixture
def client_id(admin: AdministeredWorld) -> str:
    return admin.client(SHORT, scope="openid profile email").client.client_id


def purposes(admin: AdministeredWorld, client_id: str) -> tuple[Any, ...]:
    return admin.wiring.clients.known(client_id).purposes


def add(top: Administrating, client_id: str, values: dict[str, Any]) -> Any:
    return top.confirm(top.open(f"/admin/clients/{client_id}/new-purpose"), **values)


def test_purpose_is_read_in_both_languages_before_it_is_stored(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    checked = top.submit(top.open(f"/admin/clients/{client_id}/new-purpose"), "client-form", **TELL)
    shown = {lang: checked.soup.find("div", lang=lang).get_text(" ", strip=True) for lang in ("vi", "en")}  # type: ignore[union-attr]
    assert "Báo kết quả" in shown["vi"]
    assert "To send the result" in shown["en"]
    assert "Information you may choose to share as well" in shown["en"]
    assert purposes(admin, client_id) == ()
    written = top.submit(checked, "client-form", **{**TELL, "client-register": "1"})
    (one,) = purposes(admin, client_id)
    assert dict(one["text"]) == {"vi": TELL["text_vi"], "en": TELL["text_en"]}
    assert (one["claims"], one["optional_claims"]) == (["name"], ["email"])
    assert "Báo kết quả" in written.text


def test_each_claim_is_listed_with_its_ground_and_what_no_purpose_names_is_never_given(
    top: Administrating, client_id: str
) -> None:
    before = top.open(f"/admin/clients/{client_id}/purposes")
    assert "không bao giờ được chuyển" not in before.text
    add(top, client_id, TELL)
    page = top.open(f"/admin/clients/{client_id}/purposes")
    rows = {row.th.get_text(): [one.get_text() for one in row.find_all("td")] for row in page.soup.select("tbody tr")}  # type: ignore[union-attr]
    assert rows["Họ và tên"][0] == "Báo kết quả"
    assert "Ngày, tháng, năm sinh" not in rows
    (never,) = [
        one.get_text() for one in page.soup.select(".points li") if "không bao giờ được chuyển" in one.get_text()
    ]
    assert "Ngày, tháng, năm sinh" in never
    assert "Họ và tên" not in never


def test_another_text_is_a_new_version_and_an_agreement_to_the_old_one_is_asked_anew(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    add(top, client_id, TELL)
    before = admin.wiring.clients.known(client_id).purpose_list[0].version
    page = top.open(f"/admin/clients/{client_id}/purposes/tell")
    assert page.soup.find(id="id") is None
    top.confirm(page, **{**TELL, "text_vi": "Báo kết quả qua thư"})
    (one,) = admin.wiring.clients.known(client_id).purpose_list
    assert (one.id, one.text["vi"]) == ("tell", "Báo kết quả qua thư")
    assert one.version != before


def test_purpose_is_removed_after_the_answers_were_read(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    add(top, client_id, TELL)
    page = top.open(f"/admin/clients/{client_id}/purposes/tell")
    checked = top.submit(page, "client-form", **{"purpose-remove": "1"})
    assert len(purposes(admin, client_id)) == 1
    top.submit(checked, "client-form", **{"client-register": "1"})
    assert purposes(admin, client_id) == ()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text_en": ""}, "text_en"),
        ({"id": "Không được"}, "id"),
        ({"claims": [], "optional_claims": []}, "claims"),
        ({"legal_basis": "public_duty"}, "optional_claims"),
        ({"text_vi": ""}, "text_vi"),
    ],
)
def test_fault_of_a_purpose_stands_beside_its_field(
    admin: AdministeredWorld, top: Administrating, client_id: str, wrong: dict[str, Any], field: str
) -> None:
    page = top.submit(top.open(f"/admin/clients/{client_id}/new-purpose"), "client-form", **{**TELL, **wrong})
    assert page.soup.find(id=f"{field}-problem") is not None
    assert page.soup.select_one("#client-register") is None
    assert purposes(admin, client_id) == ()


def test_claim_beyond_the_scope_is_refused_by_name(top: Administrating, client_id: str) -> None:
    values = {**TELL, "claims": ["identity_code"]}
    page = top.submit(top.open(f"/admin/clients/{client_id}/new-purpose"), "client-form", **values)
    assert "nằm trong phạm vi đã đăng ký" in page.text


def test_law_as_the_ground_waits_for_a_second_person_who_sees_what_people_will_read(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    waiting = add(top, client_id, BY_LAW)
    assert "/admin/approvals/" in waiting.url
    assert purposes(admin, client_id) == ()
    admin.grant("hai", Role.PROVINCIAL_ADMINISTRATOR)
    second = Administrating(admin, admin.account("hai"))
    page = second.open(waiting.url.partition("?")[0])
    assert "Giải quyết hồ sơ" in page.text
    assert "To settle a dossier" in page.text
    second.submit(page, "approve-form")
    assert [one["id"] for one in purposes(admin, client_id)] == ["settle"]
    settled = second.open(waiting.url.partition("?")[0])
    assert "To settle a dossier" not in settled.text


def test_second_person_is_told_that_the_system_changed_meanwhile(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    waiting = add(top, client_id, BY_LAW)
    admin.wiring.clients.set_state(client_id, "suspended", actor="operator:local", note="thử")
    page = top.open(waiting.url.partition("?")[0])
    assert "không thể duyệt, cần yêu cầu lại" in page.text


def test_what_was_asked_of_a_system_that_went_is_shown_and_rejected(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    waiting = add(top, client_id, BY_LAW)
    admin.wiring.clients.set_state(client_id, "removed", actor="operator:local", note="thử")
    before = len(admin.refusals())
    page = top.open(waiting.url.partition("?")[0])
    assert (page.status, "không thể duyệt, cần yêu cầu lại" in page.text) == (200, True)
    assert len(admin.refusals()) == before
    assert top.submit(page, "reject-form", reason="Hệ thống đã ngừng").status == 200


def test_who_asked_and_may_no_longer_see_the_system_still_takes_it_back(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    admin.grant("một", Role.CLIENT_MANAGER, SHORT)
    first = Administrating(admin, admin.account("một"))
    waiting = add(first, client_id, BY_LAW)
    admin.wiring.clients.update(client_id, {**admin.document(LONG), "client_id": client_id}, is_operator=True)
    page = first.open(waiting.url.partition("?")[0])
    assert (page.status, "Mẫu" in page.text) == (200, False)
    assert first.submit(page, "reject-form", reason="Rút lại").status == 200


def test_unknown_purpose_is_not_found_and_who_may_not_change_sees_no_way_to(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    assert top.open(f"/admin/clients/{client_id}/purposes/nothing").status == 404
    admin.grant("xem", Role.AUDITOR)
    page = Administrating(admin, admin.account("xem")).open(f"/admin/clients/{client_id}/purposes")
    assert page.status == 200
    assert page.soup.select("a[href$='/new-purpose']") == []


def test_consent_shows_what_was_agreed_to_for_which_purpose(
    admin: AdministeredWorld, top: Administrating, client_id: str
) -> None:
    add(top, client_id, TELL)
    client = admin.wiring.clients.known(client_id)
    answer = ConsentState("consent", "openid", claims.pack(("name",)), claims.pack(("email",)), client.consent_version)
    text = ConsentText(client.consent_version, client.purpose, client.legal_basis, client.purpose_list)
    given = admin.wiring.consents.give(admin.account("dân"), client_id, "", answer, text=text)
    page = top.open(f"/admin/consents/{given.id}")
    (section,) = [one for one in page.soup.select("section.card") if "Báo kết quả" in one.get_text()]
    facts = {row.dt.get_text(): row.dd.get_text() for row in section.select(".facts > div")}  # type: ignore[union-attr]
    assert facts["Thông tin"] == "Họ và tên"
    assert facts["Không chia sẻ"] == "Thư điện tử"
    assert client.purpose_list[0].version in facts.values()
