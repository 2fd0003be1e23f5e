"""The plans of FAPI 2.0 Security Profile (Final), and Message Signing (Final) over it: flows, pushed requests, answers.

Each test is one module of the OpenID Foundation's suite in our own words, named after it without `fapi2-security-profile-final-`.
"""

from __future__ import annotations

import json
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.conformance.conftest import EVERY_MANNER, Banks
from tests.conformance.fapi import CALLBACK, LEFT_OUT, QUERY, Bank, error
from tests.conformance.variants import IS_FULL
from tests.support.client_keys import new_key

pytestmark = pytest.mark.slow
REFUSED = {"invalid_request", "invalid_request_object"}


def test_discovery_end_point_verification(banks: Banks) -> None:
    for place in ("openid-configuration", "oauth-authorization-server"):
        answer = requests.get(f"{banks.world.issuer}/.well-known/{place}", timeout=30)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        metadata = answer.json()
        assert metadata["issuer"] == banks.world.issuer
        assert metadata["pushed_authorization_request_endpoint"].startswith(banks.world.issuer)
        assert metadata["authorization_response_iss_parameter_supported"] is True
        assert metadata["tls_client_certificate_bound_access_tokens"] is True
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        assert {"private_key_jwt", "tls_client_auth"} <= set(metadata["token_endpoint_auth_methods_supported"])
        for name in ("dpop", "id_token", "token_endpoint_auth", "request_object", "authorization"):
            assert {"PS256", "ES256"} <= set(metadata[f"{name}_signing_alg_values_supported"]), name
        assert "RS256" not in metadata["dpop_signing_alg_values_supported"]
        assert "query.jwt" in metadata["response_modes_supported"]


@EVERY_MANNER
def test_happy_flow(bank: Bank, second: Bank) -> None:
    asked = bank.request()
    tokens = bank.redeemed(bank.signed_in(asked, bank.address(bank.push(asked)))["code"])
    assert tokens["claims"]["nonce"] == asked["nonce"]
    answer = bank.resource(tokens["access_token"])
    assert (answer.status_code, answer.json()["sub"], "Date" in answer.headers) == (200, tokens["claims"]["sub"], True)
    for accept in ("application/json; charset=utf-8", "*/*", "application/json, application/*+json, */*"):
        assert bank.resource(tokens["access_token"], headers={"Accept": accept}).status_code == 200
    in_query = requests.get(f"{bank.issuer}/userinfo?{urlencode({'access_token': tokens['access_token']})}", timeout=30)
    assert in_query.status_code in (400, 401), "a token in a query counted"
    theirs = second.redeemed(second.code(nonce=secrets.token_urlsafe(43)[:43], state=secrets.token_urlsafe(96)))
    assert second.resource(theirs["access_token"]).status_code == 200
    assert bank.resource(theirs["access_token"]).status_code == 401, "a token worked with another's key or certificate"


@EVERY_MANNER
def test_user_rejects_authentication(second: Bank) -> None:
    asked = second.request(state=secrets.token_urlsafe(96), prompt="consent")
    page = second.browser.open(second.address(second.push(asked)))
    typed = {"identity_code": second.person.code, "password": second.person.password}
    page = second.browser.submit(page, "login-form", "login-submit", **typed)
    page = second.browser.submit(page, "consent-form", "consent-deny")
    query = parse_qs(urlsplit(page.url).query)
    assert (query["dummy1"], query["dummy2"]) == (["lorem"], ["ipsum"])
    assert second.arrived(page, asked)["error"] == "access_denied"


def test_ensure_authorization_request_without_state_success(bank: Bank) -> None:
    assert bank.code(state=LEFT_OUT)


def test_ensure_authorization_request_without_nonce_success(bank: Bank) -> None:
    assert "nonce" not in bank.redeemed(bank.code(nonce=LEFT_OUT))["claims"]


@pytest.mark.parametrize("length", [64, 384], ids=["64-char-nonce-success", "long-nonce"])
def test_ensure_authorization_request_with_nonce(bank: Bank, length: int) -> None:
    nonce = secrets.token_urlsafe(length)[:length]
    asked = bank.request(nonce=nonce)
    pushed = bank.push(asked)
    if length > 64 and pushed.status_code != 201:
        assert error(pushed) == "invalid_request"
        return
    assert bank.redeemed(bank.signed_in(asked, bank.address(pushed))["code"])["claims"]["nonce"] == nonce


def test_ensure_authorization_request_with_long_state(bank: Bank) -> None:
    asked = bank.request(state=secrets.token_urlsafe(384)[:384])
    pushed = bank.push(asked)
    if pushed.status_code == 201:
        assert bank.signed_in(asked, bank.address(pushed))["code"]
    else:
        assert error(pushed) == "invalid_request"


def test_ensure_other_scope_order_succeeds(bank: Bank) -> None:
    assert bank.redeemed(bank.code(scope="email openid"))["claims"]["sub"]


@EVERY_MANNER
def test_access_token_type_header_case_sensitivity(bank: Bank) -> None:
    tokens = bank.redeemed(bank.code())
    assert bank.resource(tokens["access_token"], tokens["token_type"].swapcase()).status_code == 200


def test_ensure_different_nonce_and_state_inside_and_outside_request_object(bank: Bank) -> None:
    asked = bank.request()
    url = bank.address(bank.push(asked), state="another", nonce="another")
    tokens = bank.redeemed(bank.signed_in(asked, url)["code"])
    assert tokens["claims"]["nonce"] == asked["nonce"]


def test_state_only_outside_request_object_not_used(bank: Bank) -> None:
    asked = bank.request(state=LEFT_OUT)
    assert (
        "s_hash"
        not in bank.redeemed(bank.signed_in(asked, bank.address(bank.push(asked), state="x"))["code"])["claims"]
    )


def test_par_without_duplicate_parameters_and_with_them(bank: Bank) -> None:
    asked = bank.request()
    assert bank.signed_in(asked, bank.address(bank.push(asked)))["code"]
    asked = bank.request()
    extra = {"response_type": "code", "scope": asked["scope"], "redirect_uri": asked["redirect_uri"]}
    assert bank.signed_in(asked, bank.address(bank.push(asked), **extra))["code"]


@EVERY_MANNER
def test_ensure_redirect_uri_registered_and_present(bank: Bank) -> None:
    for wrong in (f"{CALLBACK}/{secrets.token_urlsafe(8)}", LEFT_OUT):
        assert error(bank.push(bank.request(redirect_uri=wrong))) in REFUSED


@EVERY_MANNER
def test_ensure_unsigned_authorization_request_without_using_par_fails(bank: Bank) -> None:
    asked = bank.request()
    page = bank.browser.open(f"{bank.issuer}/authorize?{urlencode(asked)}")
    assert bank.arrived(page, asked)["error"] == "invalid_request"


@pytest.mark.parametrize("kind", ["code id_token", "token"])
def test_ensure_response_type_fails(bank: Bank, kind: str) -> None:
    refused = bank.push(bank.request(response_type=kind))
    assert error(refused) in {"unsupported_response_type", "invalid_request", "unauthorized_client"}


@EVERY_MANNER
def test_ensure_holder_of_key_required(bank: Bank) -> None:
    allowed = {"invalid_request", "invalid_grant"} | (
        {"invalid_dpop_proof"} if bank.manner.bound_by == "dpop" else {"invalid_client"}
    )
    assert error(bank.token(bank.redemption(bank.code()), bound=False)) in allowed


@EVERY_MANNER
def test_ensure_authorization_code_is_bound_to_client(bank: Bank, second: Bank) -> None:
    second.verifier = bank.verifier
    code = bank.code()
    assert error(second.token(second.redemption(code, redirect_uri=CALLBACK))) == "invalid_grant"


@EVERY_MANNER
def test_ensure_client_id_in_token_endpoint(bank: Bank, second: Bank) -> None:
    form = bank.redemption(bank.code())
    if bank.manner.auth == "private_key_jwt":
        forged = second.assertion(bank.key)
        answer = bank.token(form, assertion=forged)
    else:
        answer = bank.token(form, proven={**form, "client_id": second.client_id})
    assert error(answer) in {"invalid_client", "invalid_grant"}


@EVERY_MANNER
def test_attempt_reuse_authorization_code_after_one_second(bank: Bank) -> None:
    code = bank.code()
    tokens = bank.redeemed(code)
    time.sleep(1)  # A second use at once is for the tests of races.
    assert error(bank.token(bank.redemption(code))) == "invalid_grant"
    assert bank.resource(tokens["access_token"]).status_code == 401


@pytest.mark.skipif(not IS_FULL, reason="waits a minute: IDP_TEST_CONFORMANCE=full")
def test_ensure_token_endpoint_fails_with_expired_auth_code(bank: Bank) -> None:
    code = bank.code()
    time.sleep(62)
    assert error(bank.token(bank.redemption(code))) == "invalid_grant"


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(bank: Bank) -> None:
    asked = bank.request()
    url = bank.address(bank.push(asked))
    assert bank.browser.open(url).form("login-form")
    assert bank.signed_in(asked, url)["code"]


def test_par_attempt_reuse_request_uri(bank: Bank) -> None:
    asked = bank.request()
    url = bank.address(bank.push(asked))
    assert bank.signed_in(asked, url)["code"]
    page = bank.browser.open(url)
    assert page.callback is None
    assert page.text_of("error-code") == "invalid_request_uri"


def test_par_attempt_to_use_request_uri_for_different_client(bank: Bank, second: Bank) -> None:
    pushed = bank.push(bank.request())
    page = bank.browser.open(second.address(pushed))
    assert page.callback is None
    assert page.text_of("error-code") in {"invalid_request_uri", *REFUSED}


def test_par_authorization_request_containing_request_uri_form_param(bank: Bank) -> None:
    refused = bank.push(bank.request(), beside={"request_uri": "urn:ietf:params:oauth:request_uri:x"})
    assert error(refused) in {"request_uri_not_supported", *REFUSED}


def test_par_attempt_invalid_http_method(bank: Bank) -> None:
    form = bank.proven(bank.request())
    assert requests.put(f"{bank.issuer}/par", data=form, timeout=30).status_code == 405


@EVERY_MANNER
def test_par_ensure_pkce_required(bank: Bank) -> None:
    assert error(bank.push(bank.request(code_challenge=LEFT_OUT, code_challenge_method=LEFT_OUT))) == "invalid_request"


def test_par_plain_pkce_rejected(bank: Bank) -> None:
    asked = bank.request(code_challenge=bank.verifier, code_challenge_method="plain")
    assert error(bank.push(asked)) == "invalid_request"


@pytest.mark.parametrize("verifier", [LEFT_OUT, "wrong" * 10], ids=["code-verifier-required", "incorrect-rejected"])
def test_par_pkce_code_verifier(bank: Bank, verifier: object) -> None:
    answer = bank.token(bank.redemption(bank.code(), code_verifier=verifier))
    assert error(answer) in {"invalid_grant", "invalid_request"}


@EVERY_MANNER
def test_refresh_token(bank: Bank, second: Bank) -> None:
    wanted = {"scope": "openid offline_access", "prompt": "consent"}
    first, other = bank.redeemed(bank.code(**wanted)), second.redeemed(second.code(**wanted))
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    for _use in range(2):
        # FAPI 2.0 Security Profile section 5.3.2.1: the token stays; a client that lost the answer asks again.
        if bank.manner.bound_by == "dpop":
            bank.possession = new_key(None)
        fresh = bank.checked(bank.token({**form, "scope": wanted["scope"]}))
        assert fresh.get("refresh_token", first["refresh_token"]) == first["refresh_token"]
        for name in ("iss", "sub", "aud", "auth_time"):
            assert fresh["claims"].get(name) == first["claims"].get(name), name
    assert bank.resource(fresh["access_token"]).status_code == 200
    assert error(bank.token(form, bound=False)) in {
        "invalid_request", "invalid_grant", "invalid_client", "invalid_dpop_proof"
    }  # fmt: skip
    assert error(bank.token({**form, "refresh_token": other["refresh_token"]})) == "invalid_grant"


def test_test_claims_parameter_identity_claims(bank: Bank) -> None:
    wanted = {
        "id_token": {"email": None, "name": {"essential": True}, "x1": None},
        "userinfo": {"phone_number": {"essential": False}},
    }
    # In a request object the member is JSON itself (OpenID Connect Core section 6.1).
    tokens = bank.redeemed(bank.code(claims=wanted if bank.manner.is_signed else json.dumps(wanted)))
    answer = bank.resource(tokens["access_token"]).json()
    assert {"name", "email"} <= set(tokens["claims"])
    assert answer["phone_number"]
    assert "x1" not in {**tokens["claims"], **answer}


def test_redirect_with_a_registered_query_keeps_it(second: Bank) -> None:
    assert second.redirect_uri == f"{CALLBACK}{QUERY}"
    assert second.redeemed(second.code())["claims"]["sub"]
