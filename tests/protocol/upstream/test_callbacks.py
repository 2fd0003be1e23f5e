"""The way back is the browser's own, once, from the upstream it was sent to: login CSRF, mix-up, injection, replay, malformed queries."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest

from idp.flows.upstream.breaker import LIMIT
from idp.storage.tables import sessions
from tests.support.browser import Browser, Page
from tests.support.stores import stored
from tests.support.token_world import ISSUER
from tests.support.upstream_world import UpstreamWorld, query_of


def nobody_is_signed_in(up: UpstreamWorld) -> None:
    assert stored(up.world.database, sessions) == []


@pytest.mark.spec("RFC 9700", "4.7")
def test_callback_in_another_browser_signs_nobody_in_and_is_spent(up: UpstreamWorld) -> None:
    attacker, victim = up.browser(), up.browser()
    address = up.callback(attacker, "vneid")
    up.begin(victim)
    page = victim.open(address)
    assert page.status == 400
    nobody_is_signed_in(up)
    # What was tried elsewhere is spent for its own browser too.
    assert attacker.open(address).status == 400
    nobody_is_signed_in(up)
    assert up.refusals() == ["state", "state"]
    assert up.simulators["vneid"].tokens == {}


def test_callback_without_any_cookie_signs_nobody_in(up: UpstreamWorld) -> None:
    address = up.callback(up.browser(), "vnconnect")
    assert up.browser().open(address).status == 400
    nobody_is_signed_in(up)


def test_callback_is_taken_once(up: UpstreamWorld) -> None:
    browser = up.browser()
    address = up.callback(browser, "vneid")
    assert "login-form" not in browser.open(address).text
    assert browser.open(address).status == 400
    assert up.refusals() == ["state"]


def test_stolen_code_with_the_thiefs_own_state_is_redeemed_for_him_only_and_once(up: UpstreamWorld) -> None:
    """Code injection: PKCE (where there is one) binds the code to the departure of the browser that it was made for."""
    victim, thief = up.browser(), up.browser()
    stolen, own = query_of(up.callback(victim, "mau")), query_of(up.callback(thief, "mau"))
    page = thief.open(
        f"{ISSUER}/upstream/mau/callback?code={quote(stolen['code'])}&state={own['state']}&iss={quote(stolen['iss'])}"
    )
    assert page.text_of("error-code") == "access_denied"
    nobody_is_signed_in(up)


@pytest.mark.spec("RFC 9700", "4.4")
def test_state_of_one_upstream_is_no_state_of_another(up: UpstreamWorld) -> None:
    browser = up.browser()
    parameters = query_of(up.callback(browser, "vnconnect"))
    page = browser.open(f"{ISSUER}/upstream/mau/callback?code={parameters['code']}&state={parameters['state']}")
    assert page.status == 400
    nobody_is_signed_in(up)
    assert up.simulators["mau"].tokens == up.simulators["vnconnect"].tokens == {}


def test_code_that_was_used_before_is_refused_before_it_is_sent_anywhere(up: UpstreamWorld) -> None:
    first, second = up.browser(), up.browser()
    used = query_of(up.callback(first, "vnconnect"))
    first.open(f"{ISSUER}/upstream/vnconnect/callback?code={used['code']}&state={used['state']}")
    own = query_of(up.callback(second, "vnconnect"))
    page = second.open(f"{ISSUER}/upstream/vnconnect/callback?code={used['code']}&state={own['state']}")
    assert page.text_of("error-code") == "access_denied"
    assert up.refusals() == ["replayed"]


MALFORMED = (
    "",
    "code=x",
    "state=x",
    "code=x&state=unknown",
    "code=a&code=b&state=s",
    "state=a&state=b&code=c",
    "code=%ff&state=s",
    "code=%00&state=s",
    "x=1&" * 70,
    f"code={'x' * 20_000}&state=s",
)


def test_malformed_callbacks_are_error_pages_with_a_case_code(up: UpstreamWorld) -> None:
    browser = up.browser()
    up.begin(browser)
    for query in MALFORMED:
        page = browser.open(f"{ISSUER}/upstream/vneid/callback?{query}")
        assert 400 <= page.status < 500, query[:40]
        assert page.text_of("case-code"), query[:40]
    nobody_is_signed_in(up)


@pytest.mark.parametrize(
    "path", ["/upstream/unknown/callback?code=x&state=y", "/upstream/unknown/link/x", "/upstream/../callback"]
)
def test_unknown_upstreams_are_not_found(up: UpstreamWorld, path: str) -> None:
    assert up.browser().open(ISSUER + path).status in {400, 404}


def test_plus_in_the_raw_query_of_vneid_survives(up: UpstreamWorld) -> None:
    for _ in range(40):
        browser = up.browser()
        address = up.callback(browser, "vneid")
        if "+" in urlsplit(address).query:
            break
        browser.open(address)
    assert "+" in urlsplit(address).query
    assert "error-code" not in browser.open(address).text


def test_person_who_cancels_upstream_comes_back_to_the_other_ways(up: UpstreamWorld) -> None:
    browser = up.browser()
    page = browser.submit(up.at_upstream(browser, "vneid"), "simulator-form", "simulator-deny")
    assert (page.status, page.text_of("error-code")) == (200, "access_denied")
    back = page.soup.find(id="upstream-back")
    assert back is not None
    assert browser.open(ISSUER + str(back["href"])).form("login-form") is not None  # type: ignore[index]
    assert up.refusals() == ["denied"]


def test_departure_ends_after_ten_minutes(up: UpstreamWorld) -> None:
    browser = up.browser()
    address = up.callback(browser, "vneid")
    up.world.clock.advance(601)
    assert browser.open(address).status == 400
    nobody_is_signed_in(up)


def test_departures_from_one_address_are_limited(up: UpstreamWorld) -> None:
    browser = up.browser()
    page = up.begin(browser)
    browser.stops.append("http://127.0.0.1:")
    for _ in range(60):
        assert browser.submit(page, "upstream-form", "upstream-vnconnect").callback is not None
    limited = browser.submit(page, "upstream-form", "upstream-vnconnect")
    assert limited.status == 429
    assert up.refusals() == ["throttled"]


def test_button_needs_the_pages_token(up: UpstreamWorld) -> None:
    browser = up.browser()
    page = up.begin(browser)
    assert browser.submit(page, "upstream-form", "upstream-vneid", csrf_token="x").status == 400
    assert up.simulators["vneid"].sent == []


def made_up(up: UpstreamWorld, browser: Browser, name: str, number: int) -> Page:
    """Come back with a code that nobody has, from a departure of one's own."""
    state = query_of(up.at_upstream(browser, name).url)["state"]
    return browser.open(f"{ISSUER}/upstream/{name}/callback?code=made-up-{number}&state={state}")


def test_who_makes_codes_up_at_which_an_upstream_breaks_closes_it_for_nobody_else(up: UpstreamWorld) -> None:
    """He is told that it is out, and so is whoever else meets that; closed it is where people of several networks meet it."""
    up.simulators["vnconnect"].faults = {"token_down"}
    stranger = up.browser(address="198.51.100.9")
    for number in range(LIMIT * 2):
        page = made_up(up, stranger, "vnconnect", number)
        assert (page.status, page.text_of("error-code")) == (503, "temporarily_unavailable")
    assert not up.world.wiring.upstream_sign_in.is_out("vnconnect")
    up.simulators["vnconnect"].faults = set()
    browser = up.browser()
    assert up.finish(browser, up.through(browser, "vnconnect"))["acr"] == "urn:dinhdanh:loa:1"


def test_what_was_asked_of_nobody_does_not_say_that_an_upstream_is_there(up: UpstreamWorld) -> None:
    """During an outage a stranger's forged refusals would keep people waiting for an upstream that does not answer."""
    up.simulators["vnconnect"].faults = {"token_down"}
    stranger = up.browser(address="203.0.113.9")
    for number in range(LIMIT):
        made_up(up, up.browser(address=f"198.51.{number}.9"), "vnconnect", number)
        if number < LIMIT - 1:
            state = query_of(up.at_upstream(stranger, "vnconnect").url)["state"]
            stranger.open(f"{ISSUER}/upstream/vnconnect/callback?error=access_denied&state={state}")
    assert up.world.wiring.upstream_sign_in.is_out("vnconnect")
