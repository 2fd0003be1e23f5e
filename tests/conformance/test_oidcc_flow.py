"""Basic, implicit, hybrid and form-post plans: the flow itself, its refusals, its tokens and what is got by them.

Each test is one module of the OpenID Foundation's suite in our own words, and named after it.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

import jwt
import pytest
import requests

from tests.conformance.conftest import Deployment
from tests.conformance.suite import Suite
from tests.conformance.variants import (
    EVERY,
    IS_FULL,
    Variant,
    over,
    with_code,
    with_nonce,
    with_userinfo,
    without_nonce,
)
from tests.support.rp import s256

pytestmark = pytest.mark.slow
CODE = Variant("code")


@over(EVERY)
def test_oidcc_server(suite: Suite) -> None:
    outcome = suite.run()
    assert outcome.claims["sub"]
    if suite.variant.has_code:
        assert outcome.answer["refresh_token"], "a client with the grant gets a refresh token"


@over(only=with_code)
def test_oidcc_server_client_secret_post(suite: Suite, deployment: Deployment) -> None:
    assert deployment.suite(suite.variant, "post").run().claims["sub"]


@over(EVERY)
def test_oidcc_response_type_missing(suite: Suite) -> None:
    attempt = suite.request(response_type=None, response_mode=None)
    page = suite.signed_out_page(attempt)
    assert suite.rp.error_of(attempt, page.callback) in {"invalid_request", "unsupported_response_type"}
    assert "error=" in page.url, "without a response type the error comes in the query"


@over()
def test_oidcc_idtoken_signature(suite: Suite) -> None:
    header = jwt.get_unverified_header(suite.run().id_token)
    assert (header["alg"], bool(header["kid"])) == ("RS256", True)


def test_oidcc_idtoken_unsigned(deployment: Deployment) -> None:
    # The suite skips the module where discovery does not offer unsigned ID tokens.
    metadata = deployment.suite(CODE).rp.discovery
    assert "none" not in metadata["id_token_signing_alg_values_supported"]


@over(only=with_userinfo)
def test_oidcc_userinfo_get(suite: Suite) -> None:
    outcome = suite.run()
    answer = suite.rp.userinfo(outcome.access_token)
    assert (answer.status_code, answer.json()["sub"]) == (200, outcome.claims.get("sub", answer.json()["sub"]))
    assert answer.headers["Content-Type"].startswith("application/json")


@over(only=with_userinfo)
def test_oidcc_userinfo_post_header(suite: Suite) -> None:
    outcome = suite.run()
    url, headers = suite.rp.discovery["userinfo_endpoint"], {"Authorization": f"Bearer {outcome.access_token}"}
    answer = requests.post(url, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["sub"]) == (200, outcome.claims["sub"])


@over(only=with_userinfo)
def test_oidcc_userinfo_post_body(suite: Suite) -> None:
    outcome = suite.run()
    url, form = suite.rp.discovery["userinfo_endpoint"], {"access_token": outcome.access_token}
    answer = requests.post(url, data=form, timeout=30)
    assert (answer.status_code, answer.json()["sub"]) == (200, outcome.claims["sub"])


@over(EVERY, only=with_nonce)
def test_oidcc_ensure_request_without_nonce_fails(suite: Suite) -> None:
    attempt = suite.request(nonce=None)
    suite.refused(attempt, suite.signed_out_page(attempt), "invalid_request")


@over(only=without_nonce)
def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite: Suite) -> None:
    assert "nonce" not in suite.run(nonce=None).claims


@over(only=with_code)
def test_oidcc_codereuse(suite: Suite) -> None:
    attempt = suite.request()
    outcome = suite.complete(attempt, suite.walk(attempt))
    again = suite.rp.redemption(attempt, outcome.code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert again.headers["Content-Type"].startswith("application/json")


@over(only=with_code)
def test_oidcc_codereuse_30seconds(suite: Suite) -> None:
    attempt = suite.request()
    outcome = suite.complete(attempt, suite.walk(attempt))
    if IS_FULL:
        time.sleep(30)
    assert suite.rp.redemption(attempt, outcome.code).json()["error"] == "invalid_grant"
    # RFC 6749 section 4.1.2: a code that came twice was stolen, and what was given for it ends.
    assert suite.rp.userinfo(outcome.access_token).status_code == 401
    refreshed = suite.rp.post("token", grant_type="refresh_token", refresh_token=outcome.answer["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


@over(EVERY)
def test_oidcc_ensure_registered_redirect_uri(suite: Suite) -> None:
    other = f"{suite.rp.redirect_uri}/{secrets.token_urlsafe(8)}"
    page = suite.signed_out_page(suite.request(redirect_uri=other))
    assert page.callback is None, "the browser was sent to an address that nobody registered"
    assert (page.status, page.text_of("error-code")) == (400, "invalid_request")


@over(EVERY)
def test_oidcc_ensure_post_request_succeeds(suite: Suite) -> None:
    attempt = suite.request()
    page = suite.browser.post(suite.rp.discovery["authorization_endpoint"], attempt.parameters)
    assert suite.complete(attempt, suite.browser.walk(page, suite.person)).claims["sub"]


@over(only=with_code)
def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite: Suite) -> None:
    verifier = secrets.token_urlsafe(48)
    attempt = replace(suite.request(code_challenge=s256(verifier), code_challenge_method="S256"), verifier=verifier)
    assert suite.complete(attempt, suite.walk(attempt)).claims["sub"]


@over(only=with_code)
def test_oidcc_refresh_token(suite: Suite, deployment: Deployment) -> None:
    second = deployment.suite(suite.variant, "second")
    wanted = {"scope": "openid offline_access", "prompt": "consent"}
    first, other = suite.run(**wanted), second.run(**wanted)
    answer = suite.rp.post(
        "token", grant_type="refresh_token", refresh_token=first.answer["refresh_token"], scope=wanted["scope"]
    )
    tokens = suite.rp.checked(answer, None)
    assert tokens.access != first.access_token
    for name in ("iss", "sub", "aud", "auth_time"):
        assert tokens.claims[name] == first.back[name], f"OpenID Connect Core section 12.2: {name}"
    assert suite.rp.userinfo(tokens).status_code == 200
    stolen = suite.rp.post("token", grant_type="refresh_token", refresh_token=other.answer["refresh_token"])
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    answer = second.rp.post("token", grant_type="refresh_token", refresh_token=other.answer["refresh_token"])
    assert second.rp.checked(answer, None).sub == other.claims["sub"], "another client's attempt ended the family"
