"""Purposes at the consent page: told or asked by their own ground, remembered by text, and nothing else is released."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import Tag

from clients.documents import to_metadata
from policies import claims as claim_policy
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

DUTY: dict[str, Any] = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"},
    "legal_basis": "public_duty",
    "claims": ["name"],
}
NEWS: dict[str, Any] = {
    "id": "news",
    "text": {"vi": "Báo kết quả", "en": "To send the result"},
    "legal_basis": "consent",
    "claims": ["gender"],
    "optional_claims": ["email"],
}
SCOPE = "openid profile email"


@pytest.fixture
def system(world: TokenWorld) -> Registered:
    return world.add_client(purposes=[DUTY, NEWS], scope=SCOPE)


@pytest.fixture
def browser(world: TokenWorld) -> Visitor:
    return Visitor(world, world.add_person(1))


def request(system: Registered, **changes: str) -> dict[str, str]:
    return asked(system, scope=SCOPE, **changes)


def boxes(page: Landing) -> list[str]:
    return [str(one["value"]) for one in page.soup.select("#consent-form [name=claim]")]


def section(page: Landing, name: str) -> str:
    found = page.soup.select_one(f"[aria-labelledby=purpose-{name}]")
    assert isinstance(found, Tag)
    return found.get_text(" ", strip=True)


def userinfo(world: TokenWorld, system: Registered, landed: Landing) -> dict[str, Any]:
    tokens = world.redeem(system, landed.arrived()["code"]).json
    found: dict[str, Any] = world.userinfo(tokens["access_token"]).json
    return {name: value for name, value in found.items() if name != "sub"}


def test_page_tells_what_a_law_provides_and_asks_for_the_rest(browser: Visitor, system: Registered) -> None:
    page = browser.authorize(request(system))
    assert page.form == "consent-form"
    duty, news = section(page, "settle"), section(page, "news")
    assert "Giải quyết hồ sơ" in duty
    assert "không cần bạn đồng ý" in duty
    assert "Thông tin cần cho mục đích này" in news
    assert boxes(page) == ["email"]
    assert not page.soup.select("#consent-form [checked]")


@pytest.mark.parametrize(("ticked", "released"), [((), False), (("email",), True)])
def test_optional_claim_is_released_only_if_ticked_and_what_has_no_purpose_never(
    world: TokenWorld, browser: Visitor, system: Registered, ticked: tuple[str, ...], released: bool
) -> None:
    page = browser.authorize(request(system))
    landed = browser.press(page, "consent-allow", claim=[*ticked, "birthdate"], purpose="news")
    found = userinfo(world, system, landed)
    assert ("email" in found, "email_verified" in found) == (released, released)
    assert {"name", "gender"} <= found.keys()
    assert "birthdate" not in found


def test_answer_is_remembered_and_a_left_out_box_is_not_asked_again(browser: Visitor, system: Registered) -> None:
    browser.press(browser.authorize(request(system)), "consent-allow")
    assert "code" in browser.authorize(request(system)).arrived()
    essential = '{"userinfo":{"email":{"essential":true}}}'
    assert "code" in browser.authorize(request(system, claims=essential)).arrived()


def test_what_is_asked_beside_a_duty_is_no_price_of_it(world: TokenWorld, browser: Visitor, system: Registered) -> None:
    page = browser.authorize(request(system))
    assert [str(one["value"]) for one in page.soup.select("#consent-form [name=purpose]")] == ["news"]
    landed = browser.press(page, "consent-allow")
    found = userinfo(world, system, landed)
    assert "name" in found
    assert {"gender", "email"}.isdisjoint(found)
    (kept,) = world.wiring.consents.search(None, system.client.client_id)
    assert claim_policy.unpack(kept.declined) == ("gender", "email", "email_verified")
    essential = '{"id_token":{"gender":{"essential":true}},"userinfo":{"gender":{"essential":true}}}'
    page = browser.authorize(request(system, claims=essential))
    assert page.form == "consent-form", "it may be asked again"
    assert "gender" not in userinfo(world, system, browser.press(page, "consent-allow"))


def test_text_that_changes_while_it_is_read_is_not_agreed_to(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    page = browser.authorize(request(system))
    changed(world, system, DUTY, {**NEWS, "text": {"vi": "Quảng cáo", "en": "Advertisements"}})
    again = browser.press(page, "consent-allow", purpose="news")
    assert again.form == "consent-form"
    assert "Quảng cáo" in section(again, "news")
    assert "vừa thay đổi" in again.text
    assert world.wiring.consents.search(None, system.client.client_id) == []
    landed = browser.press(again, "consent-allow", purpose="news")
    assert "gender" in userinfo(world, system, landed)


def test_request_under_a_law_alone_is_a_notice(world: TokenWorld, browser: Visitor) -> None:
    system = world.add_client(purposes=[DUTY], scope="openid profile")
    page = browser.authorize(asked(system, scope="openid profile"))
    assert boxes(page) == []
    browser.press(page, "consent-allow")
    (kept,) = world.wiring.consents.search(None, system.client.client_id)
    assert kept.kind == "notice"


def changed(world: TokenWorld, system: Registered, *purposes: dict[str, Any]) -> None:
    """Let the department change its purposes."""
    client = world.wiring.clients.known(system.client.client_id)
    world.wiring.clients.update(client.client_id, {**to_metadata(client), "purposes": list(purposes)})


def test_another_text_asks_for_that_purpose_again_and_the_other_stands(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    browser.press(browser.authorize(request(system)), "consent-allow", claim=["email"], purpose="news")
    more = {"id": "reach", "text": {"vi": "Liên lạc", "en": "To reach you"}, "legal_basis": "consent"}
    changed(world, system, DUTY, NEWS, {**more, "optional_claims": ["birthdate"]})
    page = browser.authorize(request(system))
    assert boxes(page) == ["birthdate"], "what stands has no box"
    landed = browser.press(page, "consent-allow")
    found = userinfo(world, system, landed)
    assert "email" in found
    assert "birthdate" not in found
    changed(world, system, DUTY, {**NEWS, "text": {"vi": "Báo tin", "en": "News"}})
    page = browser.authorize(request(system))
    assert boxes(page) == ["email"], "another wording is agreed to anew"
    assert "email" not in userinfo(world, system, browser.press(page, "consent-allow"))


def test_receipt_names_the_purposes_as_they_were_read(world: TokenWorld, browser: Visitor, system: Registered) -> None:
    browser.press(browser.authorize(request(system)), "consent-allow", purpose="news")
    (kept,) = world.wiring.consents.search(None, system.client.client_id)
    changed(world, system, {**DUTY, "text": {"vi": "Khác", "en": "Other"}})
    shown = browser.open(f"/account/receipts/{kept.id}").text
    assert "Giải quyết hồ sơ" in shown
    assert "Báo kết quả" in shown
    token = browser._http.get(f"/account/receipts/{kept.id}/signed", base_url="https://id.example.vn")
    claims = world.verified(token.get_data(as_text=True), "consent-receipt+jwt", "jti")
    assert (claims["purpose"], claims["legal_basis"]) == (None, None), "no purpose for everything was on the page"
    assert [(one["id"], one["legal_basis"], one["claims"], one["declined"]) for one in claims["purposes"]] == [
        ("settle", "public_duty", ["name"], []),
        ("news", "consent", ["gender"], ["email", "email_verified"]),
    ]


def test_declining_tells_the_system_and_keeps_nothing(world: TokenWorld, browser: Visitor, system: Registered) -> None:
    landed = browser.press(browser.authorize(request(system)), "consent-deny")
    assert landed.arrived()["error"] == "access_denied"
    assert world.wiring.consents.search(None, system.client.client_id) == []


def test_policy_and_terms_of_a_department_are_linked_where_people_sign_in_and_agree(
    world: TokenWorld, browser: Visitor
) -> None:
    pages = {"policy_uri": "https://portal.example.vn/bao-mat", "tos_uri": "https://portal.example.vn/dieu-khoan"}
    with_pages, without = world.add_client(**pages), world.add_client()
    for page in (Visitor(world).authorize(asked(with_pages)), browser.authorize(asked(with_pages))):
        links = {one["href"]: one["rel"] for one in page.soup.select("#department-pages a")}
        assert set(links) == set(pages.values())
        assert all("noreferrer" in rel for rel in links.values())
    assert not Visitor(world).authorize(asked(without)).soup.select("#department-pages")
