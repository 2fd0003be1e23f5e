"""A purpose whose wording is corrected: answers to it stand, each with the text that was read; any other change still asks anew."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import RegistrationRefused
from tests.protocol.openid_core.test_purposes import DUTY, NEWS, SCOPE, changed, request
from tests.protocol.openid_core.test_rewritten_purposes import agreed, released
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor


@pytest.fixture
def system(world: TokenWorld) -> Registered:
    return world.add_client(purposes=[DUTY, NEWS], scope=SCOPE)


@pytest.fixture
def browser(world: TokenWorld) -> Visitor:
    return Visitor(world, world.add_person(1))


def spelt(text: str) -> dict[str, str]:
    return {**NEWS["text"], "vi": text}


def corrected(world: TokenWorld, system: Registered, text: dict[str, str], purpose: str = "news") -> None:
    world.clock.advance(1)
    seen = world.wiring.clients.known(system.client.client_id)
    world.wiring.clients.correct(seen.client_id, purpose, text, actor="operator:local", note="chính tả", seen=seen)


def test_a_corrected_text_ends_nothing_and_asks_nobody(world: TokenWorld, browser: Visitor, system: Registered) -> None:
    tokens = world.redeem(system, agreed(browser, system)).json
    before = released(world, tokens)
    (consent,) = world.wiring.consents.of_account(browser_account(world, browser))
    corrected(world, system, spelt(NEWS["text"]["vi"] + "."))
    assert released(world, tokens) == before
    refreshed = world.refresh(system, tokens["refresh_token"]).json
    assert released(world, refreshed) == before
    assert "code" in browser.authorize(request(system)).arrived(), "the consent page was not shown"
    (now,) = world.wiring.consents.of_account(browser_account(world, browser))
    assert now == consent, "the receipt keeps the text that was read"
    text = world.wiring.consents.text(now.text_version)
    assert text is not None
    assert {one.id: one.text["vi"] for one in text.purposes}["news"] == NEWS["text"]["vi"]


def browser_account(world: TokenWorld, _browser: Visitor) -> str:
    return next(iter(world.wiring.consents.search(None, None, 1))).account_id


def test_who_comes_by_for_the_first_time_reads_the_corrected_text(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    corrected(world, system, spelt(NEWS["text"]["vi"] + "!"))
    assert NEWS["text"]["vi"] + "!" in browser.authorize(request(system)).text


def test_what_is_asked_in_addition_shows_the_corrected_text_and_what_was_agreed_to_stands_without_a_box(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    agreed(browser, system)
    corrected(world, system, spelt(NEWS["text"]["vi"] + "."))
    page = browser.authorize({**request(system), "prompt": "consent"})
    assert NEWS["text"]["vi"] + "." in page.text
    assert page.soup.find("input", attrs={"name": "purpose"}) is None


def test_a_rewritten_text_after_a_correction_ends_what_rested_on_both(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    tokens = world.redeem(system, agreed(browser, system)).json
    corrected(world, system, spelt(NEWS["text"]["vi"] + "."))
    world.clock.advance(1)
    changed(world, system, DUTY, {**NEWS, "text": {"vi": "Quảng cáo", "en": "Advertisements"}})
    assert world.wiring.clients.known(system.client.client_id).corrected == ()
    assert released(world, tokens) == {"name"}
    assert "code" not in browser.authorize(request(system)).text
    assert "Quảng cáo" in browser.authorize(request(system)).text


def test_an_update_that_writes_the_mistake_anew_is_a_rewriting(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    corrected(world, system, spelt(NEWS["text"]["vi"] + "."))
    tokens = world.redeem(system, agreed(browser, system)).json
    world.clock.advance(1)
    changed(world, system, DUTY, NEWS)
    assert released(world, tokens) == {"name"}


def test_only_the_last_few_corrections_carry_what_was_read_first(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    agreed(browser, system)
    for number in range(3):
        corrected(world, system, spelt(NEWS["text"]["vi"] + "." * (number + 1)))
    assert "code" in browser.authorize(request(system)).arrived()
    corrected(world, system, spelt(NEWS["text"]["vi"] + "..." + "!"))
    assert NEWS["text"]["vi"] + "...!" in browser.authorize(request(system)).text


def test_the_purpose_of_a_system_as_a_whole_is_corrected_as_well(world: TokenWorld) -> None:
    system = world.add_client(scope="openid email", purpose={"vi": "Gửi kết qủa", "en": "To send the result"})
    browser = Visitor(world, world.add_person(1))
    browser.allowed({**request(system), "scope": "openid email"})
    corrected(world, system, {"vi": "Gửi kết quả", "en": "To send the result"}, purpose="")
    assert "code" in browser.authorize({**request(system), "scope": "openid email"}).arrived()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ({"vi": "Quảng cáo", "en": "Advertisements"}, "too_many_words"),
        ({"vi": NEWS["text"]["vi"]}, "en_missing"),
        ({"en": "To send news"}, "vi_missing"),
        (NEWS["text"], "nothing_corrected"),
    ],
)
def test_the_registry_takes_no_other_change_for_a_correction(
    world: TokenWorld, system: Registered, text: dict[str, Any], why: str
) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        corrected(world, system, text)
    assert [one.reason for one in refused.value.errors] == [why]
