"""Signing in for a business: the choice, what the tokens say, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.mandated_world import BUSINESS, Town
from tests.support.visit import asked

EVERYTHING = "openid profile identity email offline_access"


def said(town: Town, tokens: dict[str, Any]) -> list[Any]:
    """Return what each of the four places says of whom somebody acts for, without names."""
    world = town.world
    places = [
        world.verified(tokens["id_token"]),
        town.access(tokens),
        world.userinfo(tokens["access_token"]).json,
        world.introspect(town.system, tokens["access_token"]).json,
        world.introspect(town.system, tokens["refresh_token"]).json,
    ]
    named = ("name", "identity_code", "identity_code_type")
    core = [{name: value for name, value in one["on_behalf_of"].items() if name not in named} for one in places]
    subs = {one["sub"] for one in places}
    assert len(subs) == 1
    return core


def test_person_without_a_mandate_is_never_asked(town: Town) -> None:
    page = town.visitor(town.binh).authorize(asked(town.system))
    assert page.form == "consent-form"


def test_client_that_takes_only_people_never_asks(town: Town) -> None:
    town.represent()
    plain = town.world.add_client()
    tokens = town.tokens(town.visitor(), "person", plain)
    assert "on_behalf_of" not in town.access(tokens)


def test_business_is_chosen_and_every_place_says_the_same(town: Town) -> None:
    town.represent(procedures=("1.002835", "1.000001"), unit="48")
    browser = town.visitor()
    page = browser.authorize(asked(town.system, scope=EVERYTHING))
    assert page.form == "capacity-form"
    radios = page.soup.find_all("input", attrs={"name": "capacity"})
    assert len(radios) == 2
    assert not any(one.has_attr("checked") for one in radios)
    page = browser.press(page, "capacity-submit", capacity=str(radios[1]["value"]))
    assert page.form == "consent-form"
    assert page.soup.find(id="acting") is not None
    tokens = town.redeem(browser.press(page, "consent-allow"))
    first, *others = said(town, tokens)
    assert all(one == first for one in others)
    person = town.world.wiring.subjects.subject(town.an, town.system.client)
    principal = town.world.wiring.subjects.subject(town.business, town.system.client)
    assert town.access(tokens)["sub"] == person
    reference = first.pop("mandate")
    assert first == {
        "sub": principal,
        "type": "organisation",
        "kind": "representative",
        "procedures": ["1.000001", "1.002835"],
        "unit": "48",
    }
    assert len(reference) == 22
    told = town.world.userinfo(tokens["access_token"]).json
    assert told["name"] == "Công dân mẫu 01"
    assert told["on_behalf_of"]["name"] == "Công ty mẫu 01"
    assert told["on_behalf_of"]["identity_code"] == BUSINESS
    assert told["on_behalf_of"]["identity_code_type"] == "mst"


def test_what_names_the_principal_needs_the_scope_that_names_the_person(town: Town) -> None:
    mandate = town.represent()
    tokens = town.tokens(town.visitor(), mandate.id)
    told = town.world.userinfo(tokens["access_token"]).json["on_behalf_of"]
    assert told.keys() == {"sub", "type", "kind", "mandate", "procedures"}


def test_mandate_and_principal_have_other_names_in_another_sector(town: Town) -> None:
    mandate = town.represent()
    other = town.world.add_client(capacities=["organisation"], redirect_uris=["https://other.example.vn/callback"])
    browser = town.visitor()
    one = town.access(town.tokens(browser, mandate.id))["on_behalf_of"]
    page = browser.authorize(asked(other, redirect_uri="https://other.example.vn/callback"))
    landing = browser.press(page, "consent-allow") if page.form == "consent-form" else page
    answer = town.world.redeem(other, landing.arrived()["code"], redirect_uri="https://other.example.vn/callback")
    two = town.access(answer.json)["on_behalf_of"]
    assert one["sub"] != two["sub"]
    assert one["mandate"] != two["mandate"]
    assert mandate.id not in (one["mandate"], two["mandate"])


def test_choice_is_remembered_in_the_session_and_consent_by_mandate(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    town.tokens(browser, "person")
    page = browser.authorize(asked(town.system, capacity="organisation"))
    assert page.form == "capacity-form"
    page = browser.press(page, "capacity-submit", capacity=mandate.id)
    assert page.form == "consent-form", "what was agreed to for oneself is not agreed to for a business"
    browser.press(page, "consent-allow")
    for changes in ({}, {"prompt": "none"}, {"capacity": "organisation", "prompt": "none"}):
        landing = browser.authorize(asked(town.system, **changes))
        assert "on_behalf_of" in town.access(town.redeem(landing))
    silent = browser.authorize(asked(town.system, capacity="person", prompt="none"))
    assert "on_behalf_of" not in town.access(town.redeem(silent))


def test_switching_needs_no_new_sign_in(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    before = town.access(town.tokens(browser, mandate.id))
    page = browser.authorize(asked(town.system, capacity="select"))
    assert page.form == "capacity-form"
    page = browser.press(page, "capacity-submit", capacity="person")
    landing = browser.press(page, "consent-allow") if page.form == "consent-form" else page
    after = town.access(town.redeem(landing))
    assert after["auth_time"] == before["auth_time"]
    assert "on_behalf_of" not in after


def test_select_account_asks_for_the_capacity_too(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    town.tokens(browser, mandate.id)
    page = browser.authorize(asked(town.system, prompt="select_account"))
    assert page.form == "account-form"
    assert browser.press(page, "account-continue").form == "capacity-form"


def test_client_names_a_mandate_as_it_knows_it(town: Town) -> None:
    mandate = town.represent()
    second = town.represent(principal=town.add_business("0314409058", "Công ty mẫu 02"))
    browser = town.visitor()
    reference = town.access(town.tokens(browser, mandate.id))["on_behalf_of"]["mandate"]
    town.tokens(browser, second.id, capacity="select")
    page = browser.authorize(asked(town.system, capacity=reference))
    assert page.form == "capacity-form"
    assert [one["value"] for one in page.soup.find_all("input", attrs={"name": "capacity"})] == [mandate.id]


@pytest.mark.parametrize("capacity", ["child", "no-such-mandate-0123456789"])
def test_capacity_that_is_not_held_is_denied(town: Town, capacity: str) -> None:
    town.represent()
    answer = town.visitor().authorize(asked(town.system, capacity=capacity)).arrived()
    assert answer["error"] == "access_denied"
    [record] = town.world.events("authorization:request")
    assert record["reason"] == "capacity_not_held"


def test_system_for_businesses_turns_away_who_has_none(town: Town) -> None:
    only = town.world.add_client(capacities=["organisation"])
    assert town.visitor().authorize(asked(only)).arrived()["error"] == "access_denied"


@pytest.mark.parametrize("capacity", ["assisted", "king", "x" * 80, "' --"])
def test_what_is_no_capacity_is_an_invalid_request(town: Town, capacity: str) -> None:
    answer = town.visitor().authorize(asked(town.system, capacity=capacity)).arrived()
    assert answer["error"] == "invalid_request"


def test_capacity_beyond_the_registration_is_an_invalid_request(town: Town) -> None:
    plain = town.world.add_client()
    answer = town.visitor().authorize(asked(plain, capacity="organisation")).arrived()
    assert answer["error"] == "invalid_request"


def test_open_choice_is_no_silent_answer(town: Town) -> None:
    town.represent()
    answer = town.visitor().authorize(asked(town.system, prompt="none")).arrived()
    assert answer["error"] == "interaction_required"


def test_another_persons_mandate_cannot_be_chosen(town: Town) -> None:
    theirs = town.represent(town.binh)
    town.represent(principal=town.add_business("0314409058", "Công ty mẫu 02"))
    browser = town.visitor()
    page = browser.authorize(asked(town.system))
    page = browser.press(page, "capacity-submit", capacity=theirs.id)
    assert page.form == "capacity-form"
    assert page.soup.find(id="problem") is not None
    assert theirs.id not in page.text
    [record] = town.world.events("capacity:choose")
    assert (record["outcome"], record["reason"], record["account_id"]) == ("refused", "not_offered", town.an)
    assert browser.press(page, "capacity-submit").form == "capacity-form", "nothing chosen is nothing taken"


def test_discovery_and_registration_know_capacities(town: Town) -> None:
    document = town.world.get("/.well-known/openid-configuration").json
    assert document["capacities_supported"] == ["person", "organisation", "child", "assisted"]
    assert {"act", "on_behalf_of"} <= set(document["claims_supported"])
    assert town.world.add_client().client.capacities == {"person"}


@pytest.mark.parametrize("capacity", [None, "select", "person"])
def test_system_for_people_never_speaks_of_a_capacity_that_was_chosen_elsewhere(
    town: Town, capacity: str | None
) -> None:
    mandate = town.represent()
    plain = town.world.add_client()
    browser = town.visitor()
    town.tokens(browser, mandate.id)
    page = browser.authorize(asked(plain, capacity=capacity))
    assert page.form == "consent-form"
    assert page.soup.find(id="acting") is None
