"""Basic, implicit, hybrid and form-post plans: what a request may ask, and what has to come of it.

Each test is one module of the OpenID Foundation's suite in our own words, and named after it.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.conftest import Deployment
from tests.conformance.suite import Outcome, Suite
from tests.conformance.variants import EVERY, FEW, Variant, over

pytestmark = pytest.mark.slow
STRINGS = frozenset(
    {"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture"}
    | {"website", "gender", "birthdate", "zoneinfo", "locale", "email", "phone_number", "sub"}
)
SCOPES: Mapping[str, frozenset[str]] = {
    "profile": STRINGS - {"email", "phone_number"} | {"updated_at"},
    "email": frozenset({"email", "email_verified"}),
    "address": frozenset({"address"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
}


def released(suite: Suite, outcome: Outcome) -> Mapping[str, Any]:
    """Return the person's claims: out of userinfo, or of the ID token where nothing else comes; each of its type."""
    claims: Mapping[str, Any] = outcome.front
    if outcome.access_token:
        claims = suite.rp.userinfo(outcome.access_token).json()
        assert claims["sub"] == outcome.claims["sub"], "OpenID Connect Core section 5.3.2: sub"
    for name, value in claims.items():
        assert name not in STRINGS or isinstance(value, str), name
        assert not name.endswith("_verified") or isinstance(value, bool), name
    assert isinstance(claims.get("updated_at", 0), int)
    assert all(isinstance(part, str) for part in claims.get("address", {}).values())
    return claims


def of_scopes(suite: Suite, *scopes: str) -> None:
    """Ask for scopes; every claim of theirs has to come, and none of the others."""
    claims = released(suite, suite.run(scope=" ".join(["openid", *scopes])))
    assert not {name for scope in scopes for name in SCOPES[scope]} - set(claims)
    assert not {name for scope in SCOPES if scope not in scopes for name in SCOPES[scope]} & set(claims) - {"sub"}


@over(FEW)
def test_oidcc_scope_profile(suite: Suite) -> None:
    of_scopes(suite, "profile")


@over(FEW)
def test_oidcc_scope_email(suite: Suite) -> None:
    of_scopes(suite, "email")


@over(FEW)
def test_oidcc_scope_address(suite: Suite) -> None:
    of_scopes(suite, "address")


@over(FEW)
def test_oidcc_scope_phone(suite: Suite) -> None:
    of_scopes(suite, "phone")


@over(FEW)
def test_oidcc_scope_all(suite: Suite) -> None:
    of_scopes(suite, *SCOPES)


@over(FEW)
def test_oidcc_alternate_happy_flow(suite: Suite) -> None:
    # It took the place of `oidcc-ensure-other-scope-order-succeeds`: words and parameters come the other way round.
    attempt = suite.request(scope="email openid")
    url, _, query = attempt.url.partition("?")
    reordered = replace(attempt, url=f"{url}?{'&'.join(reversed(query.split('&')))}")
    assert "email" in released(suite, suite.complete(reordered, suite.walk(reordered)))


@over(FEW)
def test_oidcc_display_page(suite: Suite) -> None:
    assert suite.run(display="page").claims["sub"]


@over(FEW)
def test_oidcc_display_popup(suite: Suite) -> None:
    assert suite.run(display="popup").claims["sub"]


@over(FEW)
def test_oidcc_prompt_login(suite: Suite) -> None:
    first = suite.run()
    attempt = suite.request(prompt="login")
    page = suite.browser.open(attempt.url)
    assert page.form("login-form"), "the person was not asked to sign in again"
    second = suite.complete(attempt, suite.browser.walk(page, suite.person))
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims.get("auth_time", 1) >= first.claims.get("auth_time", 1)


@over(EVERY)
def test_oidcc_prompt_none_not_logged_in(suite: Suite) -> None:
    # A state of this length has to come back whole.
    attempt = suite.request(prompt="none", state=secrets.token_urlsafe(96))
    wanting = {"login_required", "interaction_required", "consent_required", "account_selection_required"}
    suite.refused(attempt, suite.signed_out_page(attempt), *wanting)


@over(FEW)
def test_oidcc_prompt_none_logged_in(suite: Suite) -> None:
    same(suite.run(), suite.silently(prompt="none"))


def same(first: Outcome, second: Outcome) -> None:
    """Check that two answers tell of one sign-in."""
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims.get("auth_time") == first.claims.get("auth_time")


@pytest.fixture(scope="module")
def aged(deployment: Deployment) -> Mapping[Variant, tuple[Suite, Outcome]]:
    """Return browsers in which somebody signed in two seconds ago, one for each variant."""
    suites = {variant: deployment.suite(variant) for variant in FEW}
    made = {variant: (suite, suite.run()) for variant, suite in suites.items()}
    time.sleep(2)  # The module is about a sign-in that grows old.
    return made


@over(FEW)
def test_oidcc_max_age_1(suite: Suite, aged: Mapping[Variant, tuple[Suite, Outcome]]) -> None:
    suite, first = aged[suite.variant]
    attempt = suite.request(max_age="1")
    page = suite.browser.open(attempt.url)
    assert page.form("login-form"), "the person was not asked to sign in again"
    sent_at = time.time()
    second = suite.complete(attempt, suite.browser.walk(page, suite.person))
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] >= sent_at - 2
    assert second.claims["auth_time"] > first.claims.get("auth_time", 0)


@over(FEW)
def test_oidcc_max_age_10000(suite: Suite) -> None:
    first = suite.run(max_age="15000")
    second = suite.silently(max_age="10000")
    assert second.claims["auth_time"] == first.claims["auth_time"]
    same(first, second)


@over(FEW)
def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite: Suite) -> None:
    assert suite.run(extra="foobar").claims["sub"]


@over(FEW)
def test_oidcc_id_token_hint(suite: Suite) -> None:
    first = suite.run()
    same(first, suite.silently(prompt="none", id_token_hint=first.id_token))


@over(FEW)
def test_oidcc_login_hint(suite: Suite) -> None:
    assert suite.run(login_hint="buffy@localhost").claims["sub"]


@over(FEW)
def test_oidcc_ui_locales(suite: Suite) -> None:
    for wanted, language in (("se", "vi"), ("en fr", "en")):
        page = suite.signed_out_page(suite.request(ui_locales=wanted))
        html = page.soup.html
        assert html is not None
        assert html["lang"] == language
    assert suite.run(ui_locales="se").claims["sub"]


@over(FEW)
def test_oidcc_claims_locales(suite: Suite) -> None:
    assert suite.run(claims_locales="se").claims["sub"]


@over(FEW)
def test_oidcc_ensure_request_with_acr_values_succeeds(suite: Suite) -> None:
    offered = suite.rp.discovery["acr_values_supported"]
    assert suite.run(acr_values=" ".join(offered)).claims["acr"] in offered


@over(FEW)
def test_oidcc_claims_essential(suite: Suite) -> None:
    place = "id_token" if suite.variant.response_type == "id_token" else "userinfo"
    outcome = suite.run(claims=json.dumps({place: {"name": {"essential": True}}}))
    assert released(suite, outcome)["name"]
    if place == "userinfo":
        assert "name" not in outcome.claims


def unsigned(claims: Mapping[str, Any]) -> str:
    """Return a request object without a signature."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)
    ]
    return ".".join([*parts, ""])


@over(EVERY)
def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(suite: Suite) -> None:
    # The suite skips the module where discovery does not offer unsigned objects; whoever sends one is refused.
    assert "none" not in suite.rp.discovery["request_object_signing_alg_values_supported"]
    attempt = suite.request()
    token = unsigned({**attempt.parameters, "iss": suite.rp.client_id, "aud": suite.world.issuer})
    asked = suite.request(state=attempt.state, request=token)
    suite.refused(asked, suite.signed_out_page(asked), "invalid_request_object", "request_not_supported")


@over(EVERY)
def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(suite: Suite) -> None:
    attempt = suite.request(request_uri="https://suite.example.vn/request.jwt")
    suite.refused(attempt, suite.signed_out_page(attempt), "invalid_request_uri", "request_uri_not_supported")


@over(EVERY)
def test_oidcc_ensure_request_object_with_redirect_uri(suite: Suite) -> None:
    # Skipped by the suite with the two modules above: its object is unsigned. An address outside an object never counts.
    token = unsigned({**suite.request().parameters, "iss": suite.rp.client_id, "aud": suite.world.issuer})
    page = suite.signed_out_page(suite.request(redirect_uri=f"{suite.rp.redirect_uri}/other", request=token))
    assert page.callback is None
    assert page.status == 400
