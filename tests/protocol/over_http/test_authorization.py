"""The authorization request: what is checked, what is shown, what is sent back to the client."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.support.browser import Browser, Page, Person
from tests.support.rp import RelyingParty
from tests.support.world import CALLBACK, World


def shown(page: Page, error: str) -> None:
    """Check that an error stayed with the provider: a page with both codes, nothing sent anywhere."""
    assert page.callback is None
    assert page.status == requests.codes.bad_request
    assert page.text_of("error-code") == error
    assert page.text_of("case-code")


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.spec("RFC 6749", "4.1")
@pytest.mark.spec("OIDC Core", "3.1")
def test_code_flow_with_pkce_ends_in_tokens_that_a_strict_client_accepts(
    world: World, rp: RelyingParty, person: Person
) -> None:
    tokens = world.sign_in(rp, person, scope="openid profile")
    assert rp.userinfo(tokens).json()["sub"] == tokens.sub


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_an_authorization_request_may_come_by_post(rp: RelyingParty, person: Person, browser: Browser) -> None:
    attempt = rp.begin()
    answer = browser.session.post(
        rp.discovery["authorization_endpoint"], data=attempt.parameters, allow_redirects=False, timeout=30
    )
    assert answer.status_code == requests.codes.see_other
    page = browser.walk(f"{rp.issuer}{answer.headers['Location']}", person)
    assert rp.redeem(attempt, page.callback).sub


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.spec("RFC 7636", "4.4.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
def test_pkce_is_required_and_s256_only(rp: RelyingParty, browser: Browser, changes: dict[str, str | None]) -> None:
    attempt = rp.begin(**changes)
    assert rp.error_of(attempt, browser.open(attempt.url).callback) == "invalid_request"


@pytest.mark.spec("RFC 9700", "2.1.1")
def test_a_confidential_client_may_be_registered_without_pkce(world: World, person: Person) -> None:
    rp = world.rp(require_pkce=False)
    assert world.sign_in(rp, person, code_challenge=None, code_challenge_method=None).sub


@pytest.mark.spec("RFC 9700", "4.8.2")
def test_a_verifier_for_a_request_without_challenge_is_refused(world: World, person: Person) -> None:
    rp = world.rp(require_pkce=False)
    attempt, page = world.walk(rp, person, world.browser(), code_challenge=None, code_challenge_method=None)
    answer = rp.redemption(attempt, rp.code_of(attempt, page.callback or {}), code_verifier="v" * 43)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.spec("RFC 6749", "4.1.2")
@pytest.mark.spec("OIDC Core", "2")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_nonce_and_state_are_optional_and_echoed_only_if_sent(world: World, rp: RelyingParty, person: Person) -> None:
    attempt, page = world.walk(rp, person, world.browser(), nonce=None, state=None)
    assert "state" not in (page.callback or {})
    assert "nonce" not in rp.redeem(attempt, page.callback).claims


@pytest.mark.spec("OAuth Multiple Response Types", "2.1")
def test_response_mode_fragment_puts_nothing_into_the_query(world: World, rp: RelyingParty, person: Person) -> None:
    attempt, page = world.walk(rp, person, world.browser(), response_mode="fragment")
    assert not urlsplit(page.url).query
    assert rp.redeem(attempt, page.callback).sub


@pytest.mark.spec("OAuth Form Post Response Mode", "2")
def test_response_mode_form_post_posts_from_a_page_that_may_post_there(
    world: World, rp: RelyingParty, person: Person
) -> None:
    attempt, page = world.walk(rp, person, world.browser(), response_mode="form_post")
    assert (page.status, page.url) == (200, CALLBACK)
    assert "http://127.0.0.1:9" in page.headers["Content-Security-Policy"]
    assert rp.redeem(attempt, page.callback).sub


@pytest.mark.spec("OAuth Multiple Response Types", "2.1")
@pytest.mark.parametrize("mode", ["fragment", "form_post"])
def test_errors_travel_in_the_response_mode_asked(rp: RelyingParty, browser: Browser, mode: str) -> None:
    attempt = rp.begin(response_mode=mode, prompt="none")
    assert rp.error_of(attempt, browser.open(attempt.url).callback) == "login_required"


@pytest.mark.spec("RFC 9700", "4.11.2")
@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.spec("RFC 6749", "4.1.1")
@pytest.mark.spec("RFC 6749", "3.1.2.4")
@pytest.mark.spec("RFC 6749", "3.1.2.3")
@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"redirect_uri": "http://127.0.0.1:9/callback/"},
        {"redirect_uri": "http://127.0.0.1:9/callback?x=1"},
        {"redirect_uri": "http://127.0.0.1:9@evil.example/callback"},
        {"redirect_uri": "https://evil.example/callback"},
    ],
)
def test_without_client_or_redirect_uri_the_error_is_shown_and_never_redirected(
    rp: RelyingParty, world: World, changes: dict[str, str | None]
) -> None:
    shown(world.browser(CALLBACK, "https://evil.example").open(rp.begin(**changes).url), "invalid_request")


@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.spec("RFC 6749", "3.1.1")
@pytest.mark.spec("OIDC Core", "3.1.2.2")
@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.spec("OIDC Core", "3.1.2.6")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "carrier-pigeon"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"display": "hologram"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": '{"userinfo": 1}'}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
        ({"request_uri": "https://evil.example/r"}, "invalid_request_uri"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "not.a.token"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_other_errors_go_to_the_callback_with_state_and_iss(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    attempt = rp.begin(**changes)
    assert rp.error_of(attempt, browser.open(attempt.url).callback) == error


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_unknown_scopes_and_parameters_are_ignored(world: World, rp: RelyingParty, person: Person) -> None:
    tokens = world.sign_in(rp, person, scope="openid teleport", colour="green")
    assert tokens.response["scope"] == "openid"


@pytest.mark.spec("RFC 6749", "3.3")
def test_a_scope_beyond_the_registration_is_refused(world: World, browser: Browser) -> None:
    rp = world.rp(scope="openid profile")
    attempt = rp.begin(scope="openid identity")
    assert rp.error_of(attempt, browser.open(attempt.url).callback) == "invalid_scope"


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "nonce", "prompt", "extra"])
def test_a_parameter_that_appears_twice_is_refused_and_never_redirected(
    rp: RelyingParty, browser: Browser, name: str
) -> None:
    shown(browser.open(f"{rp.begin(extra='1', prompt='login').url}&{urlencode({name: 'other'})}"), "invalid_request")


@pytest.mark.spec("RFC 6749", "3.1")
def test_an_empty_parameter_counts_as_left_out(world: World, rp: RelyingParty, person: Person) -> None:
    assert world.sign_in(rp, person, prompt="", max_age="", display="", login_hint="").sub


@pytest.mark.spec("RFC 8252", "7.3")
def test_a_native_client_may_choose_its_loopback_port(world: World, person: Person) -> None:
    rp = world.rp(
        application_type="native", token_endpoint_auth_method="none", redirect_uris=["http://127.0.0.1/back"],
        grant_types=["authorization_code", "refresh_token"],
    )  # fmt: skip
    there = "http://127.0.0.1:45678/back"
    attempt, page = world.walk(rp, person, world.browser(there), redirect_uri=there)
    assert rp.redeem(attempt, page.callback).sub


@pytest.mark.spec("RFC 6749", "10.12")
def test_a_transaction_is_worth_nothing_in_another_browser(world: World, rp: RelyingParty, browser: Browser) -> None:
    page = browser.open(rp.begin().url)
    assert page.form("login-form") is not None
    shown(world.browser().open(page.url), "invalid_request")


@pytest.mark.spec("RFC 6749", "10.12")
@pytest.mark.spec("OIDC Core", "3.1.2.3")
def test_a_form_without_its_token_is_refused(rp: RelyingParty, person: Person, browser: Browser) -> None:
    page = browser.open(rp.begin().url)
    token = {"identity_code": person.code, "password": person.password, "csrf_token": "0.0"}
    shown(browser.submit(page, "login-form", "login-submit", **token), "invalid_request")
