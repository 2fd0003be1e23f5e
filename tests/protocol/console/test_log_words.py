"""What an administrator reads: events, reasons and arguments in words, with the technical names beside them."""

from __future__ import annotations

import pytest

from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating


def cells(page_text: str) -> str:
    return " ".join(page_text.split())


@pytest.mark.parametrize(
    ("language", "label", "why"),
    [
        ("vi", "Từ chối thao tác quản trị", "Bị từ chối (không có quyền này)"),
        ("en", "Act of administration refused", "Refused (the right is not held)"),
    ],
)
def test_the_log_says_what_happened_in_words_and_keeps_the_technical_names_beside(
    admin: AdministeredWorld, top: Administrating, language: str, label: str, why: str
) -> None:
    admin.grant("clerk", Role.SUPPORT, "79.1")
    assert Administrating(admin, admin.account("clerk")).open("/admin/keys").status == 403
    page = top.open(f"/admin/audit?event=admin:refuse&lang={language}")
    row = page.soup.select("tbody tr")[0]
    event, outcome = row.select("td")[:2]
    assert cells(event.get_text(" ")) == f"{label} admin:refuse"
    assert cells(outcome.get_text(" ")) == f"{why} not_held"
    chosen = page.soup.select("option[selected]")[0]
    assert (chosen["value"], chosen.get_text()) == ("admin:refuse", f"{label} (admin:refuse)")


def test_an_approval_names_its_arguments_in_words(admin: AdministeredWorld, top: Administrating) -> None:
    kid = next(row.kid for row in admin.wiring.key_service.rows() if row.state == "active")
    waiting = admin.acts.keys.revoke(admin.who("root"), kid, "Nghỉ Tết")
    facts = top.open(f"/admin/approvals/{waiting.id}").soup.select("dl.facts")[1]
    assert facts.select("dt")[0].get_text() == "Khóa"
    assert facts.select("dd a")[0]["href"] == f"/admin/keys/{kid}"


def test_a_grant_that_waits_is_told_by_role_and_unit(admin: AdministeredWorld, top: Administrating) -> None:
    wish = {"principal": f"account:{admin.account('new')}", "role": "provincial-administrator", "unit": "*"}
    page = top.submit(top.open("/admin/administrators/grant"), "grant-form", **wish, reason="Quyết định 5")
    told = {
        one.select("dt")[0].get_text(): cells(one.select("dd")[0].get_text(" "))
        for one in page.soup.select("dl.facts")[1].select("div")
    }
    assert told["Vai trò"] == "Quản trị cấp tỉnh provincial-administrator"
    assert told["Đơn vị"] == "Toàn bộ"
    assert told["Đến"] == "Không thời hạn"


def test_a_key_is_called_by_what_it_does_and_its_id_stands_in_the_details(
    admin: AdministeredWorld, top: Administrating
) -> None:
    row = next(row for row in admin.wiring.key_service.rows() if row.state == "active")
    page = top.open(f"/admin/keys/{row.kid}")
    assert page.soup.h1 is not None
    assert page.soup.h1.get_text().startswith(f"Khóa {row.alg} đang dùng từ ")
    assert row.kid in page.soup.select("dl.facts")[0].get_text()


def test_a_breach_is_asked_for_by_fields_of_day_and_time(admin: AdministeredWorld, top: Administrating) -> None:
    page = top.open("/admin/data-protection/breach")
    kinds = {one["name"]: one["type"] for one in page.soup.select("#collect-form input:not([type=hidden])")}
    assert {kinds[name] for name in ("since", "until", "discovered")} == {"datetime-local"}
