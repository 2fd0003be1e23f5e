"""The plans of FAPI 2.0: what is proven by DPoP and by client assertions, and what is signed into request objects.

Each test is one module of the OpenID Foundation's suite in our own words, named after it without `fapi2-security-profile-final-`.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest
import requests

from keys import base64url
from keys.jwks import thumbprint
from tests.conformance.conftest import EVERY_MANNER, Banks
from tests.conformance.fapi import LEFT_OUT, Bank, Manner, error
from tests.conformance.variants import IS_FULL
from tests.support.client_keys import new_key

pytestmark = pytest.mark.slow
SIGNED = Manner(is_signed=True)
PROOF = {"invalid_request", "invalid_grant", "invalid_dpop_proof"}
CLIENT = {"invalid_client", "invalid_request"}


@pytest.fixture
def signer(banks: Banks) -> Bank:
    """Return a client that signs its requests."""
    return banks.bank(SIGNED)


def test_check_dpop_proof_nbf_exp(bank: Bank) -> None:
    now, code = int(time.time()), bank.code()
    proof = bank.proof(f"{bank.issuer}/token", nbf=now, exp=now + 300)
    token = bank.checked(bank.token(bank.redemption(code), dpop=proof))["access_token"]
    shown = bank.proof(f"{bank.issuer}/userinfo", "GET", token=token, nbf=now, exp=now + 300)
    assert bank.resource(token, dpop=shown).status_code == 200


@pytest.mark.parametrize("shift", [-10, 10], ids=["10-seconds-before", "10-seconds-after"])
def test_ensure_dpop_proof_with_iat_succeeds(bank: Bank, shift: int) -> None:
    code, iat = bank.code(), int(time.time()) + shift
    token = bank.checked(bank.token(bank.redemption(code), dpop=bank.proof(f"{bank.issuer}/token", iat=iat)))[
        "access_token"
    ]
    shown = bank.proof(f"{bank.issuer}/userinfo", "GET", token=token, iat=iat)
    assert bank.resource(token, dpop=shown).status_code == 200


def test_ensure_mismatched_dpop_jkt_fails(bank: Bank) -> None:
    asked = bank.request(dpop_jkt=thumbprint(new_key(None).bare))
    refused = bank.push(asked, headers={"DPoP": bank.proof(f"{bank.issuer}/par")})
    assert error(refused) in {"invalid_request", "invalid_dpop_proof"}


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(bank: Bank) -> None:
    code = bank.code(dpop_jkt=thumbprint(new_key(None).bare))
    assert error(bank.token(bank.redemption(code))) in PROOF


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(bank: Bank) -> None:
    asked = bank.request()
    pushed = bank.push(asked, headers={"DPoP": bank.proof(f"{bank.issuer}/par", key=new_key(None))})
    code = bank.signed_in(asked, bank.address(pushed))["code"]
    assert error(bank.token(bank.redemption(code))) in PROOF


@pytest.mark.parametrize("by_proof", [True, False], ids=["at-par-endpoint", "by-dpop-jkt"])
def test_ensure_dpop_auth_code_binding_success(bank: Bank, *, by_proof: bool) -> None:
    asked = bank.request(**({} if by_proof else {"dpop_jkt": thumbprint(bank.possession.bare)}))
    pushed = bank.push(asked, headers={"DPoP": bank.proof(f"{bank.issuer}/par")} if by_proof else {})
    assert bank.redeemed(bank.signed_in(asked, bank.address(pushed))["code"])["claims"]["sub"]


def none(token: str) -> str:
    """Return a JWS whose header says ``none`` and whose signature is gone."""
    header = orjson.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return f"{base64url.encode_text(orjson.dumps({**header, 'alg': 'none'}))}.{token.split('.')[1]}."


def broken(token: str) -> str:
    """Return a JWS with another signature."""
    head, body, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[5] ^= 0x5A
    return f"{head}.{body}.{base64url.encode_text(bytes(raw))}"


WRONG: Mapping[str, dict[str, Any]] = {
    "no-typ": {"header": {"typ": LEFT_OUT}},
    "other-typ": {"header": {"typ": "jwt"}},
    "no-alg": {"header": {"alg": LEFT_OUT}},
    "no-jwk": {"header": {"jwk": LEFT_OUT}},
    **{f"no-{name}": {name: LEFT_OUT} for name in ("jti", "htm", "htu", "iat", "ath")},
    "other-htm": {"htm": "PUT"},
    "other-htu": {"htu": "https://suite.example.vn/resource"},
    "other-ath": {"ath": base64url.encode_text(hashlib.sha256(b"x").digest())},
    "iat-in-an-hour": {"iat": timedelta(hours=1)},
    "iat-an-hour-ago": {"iat": timedelta(hours=-1)},
}
MANGLED: Mapping[str, Callable[[str], str]] = {
    "none": none, "broken": broken, "no-jwt": lambda token: token.replace(".", ""), "two": lambda token: f"{token}, {token}",
}  # fmt: skip


def test_dpop_negative_tests(bank: Bank) -> None:
    token, url = bank.redeemed(bank.code())["access_token"], f"{bank.issuer}/userinfo"
    for name, changes in WRONG.items():
        answer = bank.resource(token, dpop=bank.proof(url, "GET", token=token, **changes))
        assert answer.status_code in (400, 401), name
    for name, mangle in MANGLED.items():
        assert bank.resource(token, dpop=mangle(bank.proof(url, "GET", token=token))).status_code in (400, 401), name
    private = {**bank.possession.bare, "d": base64url.encode_text(b"x" * 32)}
    foreign: tuple[dict[str, Any], ...] = ({"header": {"jwk": private}}, {"key": new_key(None)})
    for changes in foreign:
        assert bank.resource(token, dpop=bank.proof(url, "GET", token=token, **changes)).status_code in (400, 401)
    assert bank.resource(token, dpop="").status_code == 401
    assert bank.resource(token, "Bearer", dpop="").status_code == 401
    once = bank.proof(url, "GET", token=token)
    assert [bank.resource(token, dpop=once).status_code for _ in range(2)] == [200, 401]


def test_dpop_positive_tests(bank: Bank) -> None:
    token, url = bank.redeemed(bank.code())["access_token"], f"{bank.issuer}/userinfo"
    good: dict[str, dict[str, Any]] = {
        "query-and-fragment": {"htu": f"{url}?x=y#z"},
        "upper-case": {"htu": url.replace("http://localhost", "HTTP://LOCALHOST")},
        "extra": {"more": "x", "header": {"more": "x"}},
    }
    for name, changes in good.items():
        assert bank.resource(token, dpop=bank.proof(url, "GET", token=token, **changes)).status_code == 200, name
    headers = {"DPOP": bank.proof(url, "GET", token=token)}
    assert bank.resource(token, dpop="", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("exp-is-5-minutes-in-past", {"exp": timedelta(minutes=-5)}),
        ("wrong-aud", {"aud": "https://other.example.vn"}),
        ("no-sub", {"sub": LEFT_OUT}),
        ("no-iss", {"iss": LEFT_OUT}),
        ("no-jti", {"jti": LEFT_OUT}),
        ("no-exp", {"exp": LEFT_OUT}),
    ],
)
def test_ensure_client_assertion_fails(bank: Bank, name: str, changes: dict[str, Any]) -> None:
    assert name
    code = bank.code()
    assert error(bank.token(bank.redemption(code), assertion=bank.assertion(**changes))) in CLIENT


def test_ensure_signed_client_assertion_with_rs256_fails(bank: Bank) -> None:
    rs256 = type(bank.key)(bank.key.kid, "RS256", bank.key.private)
    assert error(bank.token(bank.redemption(bank.code()), assertion=bank.assertion(rs256))) in CLIENT


def invalid_assertions(bank: Bank) -> Mapping[str, dict[str, Any]]:
    """Return by its name what the suite lays over a form with a good assertion; None takes a parameter out."""
    rs256, late = type(bank.key)(bank.key.kid, "RS256", bank.key.private), int(time.time()) + 90
    claims: Mapping[str, dict[str, Any]] = {
        "without sub": {"sub": LEFT_OUT}, "wrong sub": {"sub": "another"},
        "without iss": {"iss": LEFT_OUT}, "wrong iss": {"iss": "another"},
        "without aud": {"aud": LEFT_OUT}, "unrelated aud": {"aud": "https://other.example.vn"},
        "aud of par": {"aud": f"{bank.issuer}/par"}, "aud of token": {"aud": f"{bank.issuer}/token"},
        "aud an array": {"aud": [bank.issuer, f"{bank.issuer}/par"]}, "expired": {"exp": timedelta(minutes=-5)},
        "of the future": {"iat": late, "nbf": late, "exp": late + 60},
    }  # fmt: skip
    good = bank.assertion
    return {
        "no assertion": {"client_assertion": None, "client_assertion_type": None, "client_id": bank.client_id},
        "no type": {"client_assertion_type": None},
        "wrong type": {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        "RS256": {"client_assertion": good(rs256)},
        "alg none": {"client_assertion": none(good())},
        "broken signature": {"client_assertion": broken(good())},
        **{name: {"client_assertion": good(**changes)} for name, changes in claims.items()},
    }


@pytest.mark.parametrize("path", ["/par", "/token"], ids=["par", "client-credentials"])
def test_ensure_invalid_client_assertions_fail(bank: Bank, path: str) -> None:
    asked = bank.request()
    signed = {"request": bank.request_object(asked), "client_id": bank.client_id} if bank.manner.is_signed else asked
    form = signed if path == "/par" else {"grant_type": "client_credentials"}

    def sent(changes: Mapping[str, str | None]) -> requests.Response:
        data = {name: value for name, value in {**bank.proven(form), **changes}.items() if value is not None}
        headers = {"DPoP": bank.proof(f"{bank.issuer}{path}")}
        return requests.post(f"{bank.issuer}{path}", data=data, headers=headers, timeout=30)

    for name, changes in invalid_assertions(bank).items():
        assert error(sent(changes)) in CLIENT, name
    soon = int(time.time()) + 8
    for good in ({"client_assertion": bank.assertion(iat=soon, nbf=soon)}, {}):
        assert sent(good).status_code in (200, 201)


def test_ensure_client_assertion_in_token_endpoint(bank: Bank) -> None:
    form = {**bank.redemption(bank.code()), "client_id": bank.client_id}
    assert error(bank.token(form, proven=form)) in CLIENT


def test_par_ensure_jwt_client_assertion_with_iat_and_nbf_8_seconds_in_the_future_is_accepted(bank: Bank) -> None:
    soon = int(time.time()) + 8
    assert bank.push(bank.request(), assertion=bank.assertion(iat=soon, nbf=soon)).status_code == 201


def test_par_ensure_jwt_client_assertion_with_iat_and_nbf_over_60_seconds_in_the_future_fails(bank: Bank) -> None:
    late = int(time.time()) + 90
    assertion = bank.assertion(iat=late, nbf=late, exp=late + 60)
    assert error(bank.push(bank.request(), assertion=assertion)) in CLIENT


@pytest.mark.parametrize("audience", ["/par", "/token", "array"], ids=["par", "token", "array"])
def test_par_test_audience_fails(bank: Bank, audience: str) -> None:
    named = [bank.issuer, f"{bank.issuer}/par"] if audience == "array" else f"{bank.issuer}{audience}"
    assert error(bank.push(bank.request(), assertion=bank.assertion(aud=named))) in CLIENT


def test_ensure_server_accepts_request_object_with_multiple_aud(signer: Bank) -> None:
    asked = signer.request()
    token = signer.request_object(asked, aud=["https://other.example.vn", signer.issuer])
    assert signer.signed_in(asked, signer.address(signer.push(asked, token=token)))["code"]


def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(signer: Bank) -> None:
    asked, soon = signer.request(), int(time.time()) + 8
    token = signer.request_object(asked, nbf=soon, iat=soon, header={"typ": "oauth-authz-req+jwt"})
    assert signer.signed_in(asked, signer.address(signer.push(asked, token=token)))["code"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("without-exp", {"exp": LEFT_OUT}),
        ("without-nbf", {"nbf": LEFT_OUT}),
        ("expired", {"exp": timedelta(minutes=-10)}),
        ("bad-aud", {"aud": "https://other.example.vn/"}),
        ("exp-over-60", {"exp": timedelta(minutes=70)}),
        ("nbf-over-60", {"nbf": timedelta(minutes=-70)}),
        ("containing-request-uri", {"request_uri": "urn:ietf:params:oauth:request_uri:x"}),
    ],
)
def test_ensure_request_object_fails(signer: Bank, name: str, changes: dict[str, Any]) -> None:
    assert name
    asked = signer.request()
    assert error(signer.push(asked, token=signer.request_object(asked, **changes))) == "invalid_request_object"


def test_ensure_request_object_without_redirect_uri_fails(signer: Bank) -> None:
    assert error(signer.push(signer.request(redirect_uri=LEFT_OUT))) in {"invalid_request", "invalid_request_object"}


def test_ensure_request_object_signature(signer: Bank, banks: Banks) -> None:
    asked = signer.request()
    whole = signer.request_object(asked)
    rs256 = type(signer.key)(signer.key.kid, "RS256", signer.key.private)
    other = banks.bank(SIGNED, is_second=True).key
    for token in (none(whole), broken(whole), signer.request_object(asked, rs256), signer.request_object(asked, other)):
        assert error(signer.push(asked, token=token)) in {"invalid_request", "invalid_request_object"}


def test_ensure_unsigned_request_at_par_endpoint_fails(signer: Bank) -> None:
    assert error(signer.push(signer.request(), unsigned=True)) == "invalid_request"


@pytest.mark.skipif(not IS_FULL, reason="waits a minute: IDP_TEST_CONFORMANCE=full")
def test_par_attempt_to_use_expired_request_uri(bank: Bank) -> None:
    pushed = bank.push(bank.request())
    url = bank.address(pushed)
    time.sleep(pushed.json()["expires_in"] + 1)
    page = bank.browser.open(url)
    assert page.callback is None
    assert page.text_of("error-code") == "invalid_request_uri"


@EVERY_MANNER
def test_client_credentials_grant_happy_flow(bank: Bank) -> None:
    # The plan of the profile `fapi_client_credentials_grant`; its resource is whatever the provider names.
    form = {"grant_type": "client_credentials", "scope": "ssf.read"}
    body = bank.token(form).json()
    assert body["token_type"] == ("DPoP" if bank.manner.bound_by == "dpop" else "Bearer")
    assert not {"refresh_token", "id_token"} & body.keys()
    assert error(bank.token(form, bound=False)) in PROOF | CLIENT
    url, token = f"{bank.issuer}/ssf/streams", body["access_token"]
    headers = {**bank.shown(), "Authorization": f"{body['token_type']} {token}"}
    if bank.manner.bound_by == "dpop":
        headers["DPoP"] = bank.proof(url, "GET", token=token)
    assert requests.get(url, headers=headers, timeout=30).status_code == 200
    assert requests.get(url, headers={"Authorization": headers["Authorization"]}, timeout=30).status_code == 401
