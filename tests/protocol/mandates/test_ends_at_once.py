"""When a mandate ends, everything that rests on it ends in the same second; what was agreed to for oneself goes on."""

from __future__ import annotations

from typing import Any

import pytest

from idp.services.mandate_drafts import Draft
from idp.storage.status_lists import SqlStatusListStore
from tests.support.mandated_world import Town
from tests.support.visit import asked

OFFLINE = "openid email offline_access"
END = 3600


def is_dead(town: Town, tokens: dict[str, Any]) -> bool:
    """Tell whether nothing can be done with any of the tokens; asserts that all places agree."""
    world = town.world
    found = [
        world.userinfo(tokens["access_token"]).status != 200,
        not world.introspect(town.system, tokens["access_token"]).json["active"],
        not world.introspect(town.system, tokens["refresh_token"]).json["active"],
    ]
    refreshed = world.refresh(town.system, tokens["refresh_token"])
    found.append(refreshed.status != 200)
    if refreshed.status != 200:
        assert refreshed.json["error"] == "invalid_grant"
    assert len(set(found)) == 1, found
    return found[0]


def test_refresh_keeps_the_capacity_while_the_mandate_lives(town: Town) -> None:
    tokens = town.tokens(town.visitor(), town.represent().id, scope=OFFLINE)
    again = town.world.refresh(town.system, tokens["refresh_token"]).json
    assert town.access(again)["on_behalf_of"] == town.access(tokens)["on_behalf_of"]
    assert town.world.verified(again["id_token"])["on_behalf_of"] == town.access(tokens)["on_behalf_of"]


@pytest.mark.parametrize("by", ["an", None])
def test_revocation_ends_every_token_at_once(town: Town, by: str | None) -> None:
    mandate = town.represent()
    browser = town.visitor()
    own = town.tokens(browser, "person", scope=OFFLINE)
    tokens = town.tokens(browser, mandate.id, scope=OFFLINE, capacity="organisation")
    assert not is_dead(town, tokens)
    tokens = town.tokens(browser, mandate.id, scope=OFFLINE)
    town.mandates.revoke(mandate.id, town.an if by else None, reason="left")
    assert is_dead(town, tokens)
    assert not is_dead(town, own)


@pytest.mark.parametrize("state", ["locked", "closed"])
def test_business_that_is_locked_ends_what_is_done_for_it(town: Town, state: str) -> None:
    tokens = town.tokens(town.visitor(), town.represent().id, scope=OFFLINE)
    town.world.wiring.accounts.change_state(town.business, state, reason="dissolved")
    assert is_dead(town, tokens)


def test_tokens_end_with_the_mandate_though_nobody_revokes_it(town: Town) -> None:
    now = town.world.clock.now()
    tokens = town.tokens(town.visitor(), town.represent(valid_to=now + 100).id, scope=OFFLINE)
    assert tokens["expires_in"] == 100
    assert town.access(tokens)["exp"] == town.world.verified(tokens["id_token"])["exp"] == now + 100
    town.world.clock.advance(99)
    assert not is_dead(
        town, dict(tokens, refresh_token=town.world.refresh(town.system, tokens["refresh_token"]).json["refresh_token"])
    )
    town.world.clock.advance(1)
    assert is_dead(town, tokens)


def test_mandate_that_runs_out_between_choice_and_code_gives_nothing(town: Town) -> None:
    mandate = town.represent(valid_to=town.world.clock.now() + 30)
    browser = town.visitor()
    page = browser.press(browser.authorize(asked(town.system)), "capacity-submit", capacity=mandate.id)
    assert page.form == "consent-form"
    town.world.clock.advance(30)
    page = browser.press(page, "consent-allow")
    assert page.form == "capacity-form", "the agreement was for a mandate that is over: the choice is open again"
    assert mandate.id not in page.text


def test_code_of_a_mandate_that_ended_meanwhile_is_not_redeemed(town: Town) -> None:
    mandate = town.represent()
    landing = town.choose(town.visitor(), mandate.id)
    town.mandates.revoke(mandate.id)
    answer = town.world.redeem(town.system, landing.arrived()["code"])
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_session_forgets_a_mandate_that_ended_and_asks_again(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    town.tokens(browser, mandate.id)
    town.mandates.revoke(mandate.id)
    silent = browser.authorize(asked(town.system, prompt="none")).arrived()
    assert silent["error"] == "interaction_required", "nobody becomes another by surprise"
    page = browser.authorize(asked(town.system))
    assert page.form == "capacity-form"
    assert page.soup.find(class_="note") is not None
    page = browser.press(page, "capacity-submit", capacity="person")
    landing = browser.press(page, "consent-allow") if page.form == "consent-form" else page
    assert "on_behalf_of" not in town.access(town.redeem(landing))


def test_renewed_mandate_is_agreed_to_anew(town: Town) -> None:
    browser = town.visitor()
    first = town.represent()
    town.tokens(browser, first.id)
    town.mandates.revoke(first.id)
    second = town.represent()
    page = browser.press(browser.authorize(asked(town.system)), "capacity-submit", capacity=second.id)
    assert page.form == "consent-form"


def test_withdrawal_at_a_department_ends_both_capacities(town: Town) -> None:
    browser = town.visitor()
    mandate = town.represent()
    own = town.tokens(browser, "person", scope=OFFLINE)
    tokens = town.tokens(browser, mandate.id, scope=OFFLINE, capacity="organisation")
    consents = town.world.wiring.consents
    assert len(consents.of_account(town.an)) == 2
    assert consents.withdraw(town.an, town.system.client.client_id, actor=f"account:{town.an}", reason="asked")
    assert consents.of_account(town.an) == []
    assert is_dead(town, own)
    assert is_dead(town, tokens)


def test_two_tabs_each_keep_their_own_choice(town: Town) -> None:
    mandate = town.represent()
    browser = town.visitor()
    one, two = browser.authorize(asked(town.system)), browser.authorize(asked(town.system))
    one = browser.press(one, "capacity-submit", capacity=mandate.id)
    two = browser.press(two, "capacity-submit", capacity="person")
    first = town.redeem(browser.press(one, "consent-allow"))
    second = town.redeem(browser.press(two, "consent-allow") if two.form == "consent-form" else two)
    assert "on_behalf_of" in town.access(first)
    assert "on_behalf_of" not in town.access(second)


def test_delegate_loses_with_the_representative(town: Town) -> None:
    top = town.represent()
    end = town.world.clock.now() + END
    draft = Draft("delegate", town.business, town.binh, "internal_decision", valid_to=end)
    made = town.mandates.accept(town.mandates.propose(draft, town.an).id, town.binh)
    tokens = town.tokens(town.visitor(town.binh), made.id, scope=OFFLINE)
    assert town.access(tokens)["on_behalf_of"]["kind"] == "delegate"
    town.mandates.revoke(top.id)
    assert is_dead(town, tokens)


def test_audit_log_says_which_mandate(town: Town) -> None:
    mandate = town.represent()
    tokens = town.tokens(town.visitor(), mandate.id)
    [redeemed] = town.world.events("token:authorization_code")
    assert f'"mandate":"{mandate.id}"' in redeemed["detail"]
    [given] = town.world.events("consent:give")
    assert mandate.id in given["detail"]
    [chosen] = town.world.events("capacity:choose")
    assert (chosen["target"], chosen["account_id"]) == (f"mandate:{mandate.id}", town.an)
    assert tokens["access_token"]


@pytest.mark.parametrize("end", ["revoked", "locked"])
def test_status_list_shows_the_end_too(town: Town, end: str) -> None:
    listed = town.world.add_client(capacities=["organisation"], token_status_list=True)
    mandate = town.represent()
    tokens = town.tokens(town.visitor(), mandate.id, listed)
    place = town.access(tokens)["status"]["status_list"]
    store = SqlStatusListStore(town.world.database)
    list_id = place["uri"].rpartition("/")[2]
    assert store.revoked(list_id, {}) == []
    if end == "revoked":
        town.mandates.revoke(mandate.id)
    else:
        town.world.wiring.accounts.change_state(town.business, "locked", reason="dissolved")
    assert len(store.revoked(list_id, {})) == 1
