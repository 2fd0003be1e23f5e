"""Races between processes: what may happen once happens once, whichever of four workers is asked, on either stack."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from idp.authn import totp
from tests.support.flood import Connections, at_once, redemption, sealed_code, session_of
from tests.support.rp import RelyingParty, basic
from tests.support.stores import in_parallel
from tests.support.token_world import TokenWorld
from tests.support.world import World, deployed

THINGS, EACH, THREADS = 100, 10, 24


@pytest.fixture(scope="module", params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def deployment(request: pytest.FixtureRequest) -> Iterator[World]:
    """Run four worker processes, without grace and with throttling."""
    settings = {"REFRESH_GRACE": "0", "THROTTLE__ENABLED": "true"}
    with deployed(request.param, workers=4, settings=settings) as running:
        yield running


@pytest.fixture
def portal(deployment: World) -> RelyingParty:
    """Return a department."""
    return deployment.rp()


def storm(rp: RelyingParty, forms: list[dict[str, str]]) -> list[list[requests.Response]]:
    """Present each form `EACH` times, shuffled; return the answers by form."""
    connections, header = Connections(), {"Authorization": basic(rp.client_id, str(rp.client["client_secret"]))}
    url = rp.discovery["token_endpoint"]
    turns = list(range(len(forms))) * EACH
    random.Random(11).shuffle(turns)
    answers = at_once(
        THREADS, turns, lambda turn: connections.session.post(url, data=forms[turn], headers=header, timeout=60)
    )
    found: list[list[requests.Response]] = [[] for _ in forms]
    for turn, answer in zip(turns, answers, strict=True):
        found[turn].append(answer)
    return found


def winners(rp: RelyingParty, found: list[list[requests.Response]]) -> list[dict[str, str]]:
    """Check that each form succeeded once and that its replays killed what came of it; return the winning answers."""
    assert Counter(one.status_code for group in found for one in group) == {200: THINGS, 400: THINGS * (EACH - 1)}
    won: list[dict[str, str]] = []
    for group in found:
        assert {one.json()["error"] for one in group if one.status_code == 400} == {"invalid_grant"}
        (winner,) = (one.json() for one in group if one.status_code == 200)
        won.append(winner)
    for winner in won[::5]:
        assert rp.userinfo(winner["access_token"]).status_code == requests.codes.unauthorized
        answer = rp.post("token", grant_type="refresh_token", refresh_token=winner["refresh_token"])
        assert answer.json()["error"] == "invalid_grant"
    return won


@pytest.mark.spec("RFC 6749", "4.1.2")
@pytest.mark.slow
def test_of_a_thousand_redemptions_of_a_hundred_codes_a_hundred_succeed(
    deployment: World, portal: RelyingParty
) -> None:
    session = session_of(deployment, deployment.person().code)
    codes = [sealed_code(deployment, portal.client_id, session)[0] for _ in range(THINGS)]
    winners(portal, storm(portal, [redemption(code) for code in codes]))


@pytest.mark.spec("RFC 9700", "4.14.2")
@pytest.mark.slow
def test_of_a_thousand_uses_of_a_hundred_refresh_tokens_a_hundred_succeed(
    deployment: World, portal: RelyingParty
) -> None:
    session = session_of(deployment, deployment.person().code)
    codes = [sealed_code(deployment, portal.client_id, session)[0] for _ in range(THINGS)]
    first = at_once(THREADS, codes, lambda code: portal.post("token", **redemption(code)).json()["refresh_token"])
    forms = [{"grant_type": "refresh_token", "refresh_token": token} for token in first]
    winners(portal, storm(portal, forms))


def test_of_fifty_guesses_at_once_five_are_looked_at(deployment: World, portal: RelyingParty) -> None:
    victim, browser = deployment.person(), deployment.browser()
    page = browser.open(portal.begin().url)
    form = page.form("login-form")
    assert form is not None
    hidden = form.find("input", attrs={"name": "csrf_token"})
    assert hidden is not None
    cookies = {"Cookie": browser.cookie_header(page.url)}
    fields = {"csrf_token": hidden["value"], "identity_code": victim.code}  # type: ignore[index]

    def guess(number: int) -> int:
        body = {**fields, "password": f"đoán mò lần thứ {number}"}
        return requests.post(page.url, data=body, headers=cookies, allow_redirects=False, timeout=60).status_code

    assert guess(0) == 200
    answers = Counter(at_once(50, range(1, 51), guess))
    assert set(answers) <= {200, 429, 503}
    # Fewer where they overtake each other between the counters: a lost race is a refusal, never one more guess.
    assert answers[200] <= 4, answers


def test_of_sixty_four_uses_of_one_time_code_one_succeeds(each_world: TokenWorld) -> None:
    account = each_world.add_person()
    credentials = each_world.wiring.credentials
    secret = credentials.enrol_totp(account).secret
    seed = base64.b32decode(secret + "=" * (-len(secret) % 8))
    code = totp.code_at(seed, each_world.clock.now() // totp.STEP)
    outcomes = in_parallel(each_world.database, 64, lambda _: credentials.verify_totp(account, code))
    assert Counter(outcomes) == {True: 1, False: 63}


def test_of_many_tabs_that_answer_one_transaction_one_gets_the_code(deployment: World, portal: RelyingParty) -> None:
    person, browser = deployment.person(), deployment.browser()
    page = browser.open(portal.begin().url)
    typed = {"identity_code": person.code, "password": person.password}
    page = browser.submit(page, "login-form", "login-submit", **typed)
    form = page.form("consent-form")
    assert form is not None
    hidden = form.find("input", attrs={"name": "csrf_token"})
    cookies = {"Cookie": browser.cookie_header(page.url)}
    body = {"csrf_token": hidden["value"], "consent-allow": "1"}  # type: ignore[index]

    def answer(number: int) -> requests.Response:
        if number % 2:
            return requests.get(page.url, headers=cookies, allow_redirects=False, timeout=60)
        return requests.post(page.url, data=body, headers=cookies, allow_redirects=False, timeout=60)

    landed = [*at_once(16, range(16), answer), *at_once(16, range(16), answer)]
    codes = [one for one in landed if "code=" in one.headers.get("Location", "")]
    assert len(codes) == 1
    assert {one.status_code for one in landed} <= {200, 303, 400, 409}
