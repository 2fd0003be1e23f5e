"""Races of what a client signs: one assertion, one DPoP proof, presented many times at once to four workers, serves once on either stack."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from idp import handles
from keys import base64url
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.flood import Connections, at_once, redemption, sealed_code, session_of
from tests.support.rp import RelyingParty, basic
from tests.support.world import World, deployed

CROWD = 32
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def deployment(request: pytest.FixtureRequest) -> Iterator[World]:
    """Run four worker processes."""
    with deployed(request.param, workers=4) as running:
        yield running


def proof(key: ClientKey, method: str, url: str, **more: Any) -> str:
    claims = {"jti": handles.new_id(), "htm": method, "htu": url, "iat": int(time.time()), **more}
    return key.sign(claims, typ="dpop+jwt", kid=None, jwk=key.bare)


def crowd(url: str, form: dict[str, str], headers: dict[str, str]) -> list[requests.Response]:
    """Send one request many times at once."""
    connections = Connections()
    return at_once(CROWD, range(CROWD), lambda _: connections.session.post(url, data=form, headers=headers, timeout=60))


@pytest.mark.spec("RFC 7523", "3")
def test_one_assertion_serves_once(deployment: World) -> None:
    key = new_key()
    rp = deployment.rp(token_endpoint_auth_method="private_key_jwt", jwks=key_set(key))
    url, now = rp.discovery["token_endpoint"], int(time.time())
    claims = {
        "iss": rp.client_id,
        "sub": rp.client_id,
        "aud": deployment.issuer,
        "jti": "1",
        "iat": now,
        "exp": now + 60,
    }
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": key.sign(claims)}
    answers = crowd(url, form, {})
    assert Counter(one.status_code for one in answers) == {200: 1, 401: CROWD - 1}
    assert {one.json()["error"] for one in answers if one.status_code == 401} == {"invalid_client"}


@pytest.mark.spec("RFC 9449", "11.1")
def test_one_proof_gets_one_token(deployment: World) -> None:
    rp, key = deployment.rp(), new_key(None)
    url = rp.discovery["token_endpoint"]
    headers = {"Authorization": credential(rp), "DPoP": proof(key, "POST", url)}
    answers = crowd(url, {"grant_type": "client_credentials"}, headers)
    assert Counter(one.status_code for one in answers) == {200: 1, 400: CROWD - 1}
    assert {one.json()["error"] for one in answers if one.status_code == 400} == {"invalid_dpop_proof"}


@pytest.mark.spec("RFC 9449", "11.1")
def test_one_proof_is_answered_once_by_userinfo(deployment: World) -> None:
    rp, key, session = deployment.rp(), new_key(None), session_of(deployment, deployment.person().code)
    token_url, url = rp.discovery["token_endpoint"], rp.discovery["userinfo_endpoint"]
    form = redemption(sealed_code(deployment, rp.client_id, session)[0])
    headers = {"Authorization": credential(rp), "DPoP": proof(key, "POST", token_url)}
    access = requests.post(token_url, data=form, headers=headers, timeout=60).json()["access_token"]
    ath = base64url.encode_text(hashlib.sha256(access.encode()).digest())
    answers = crowd(url, {}, {"Authorization": f"DPoP {access}", "DPoP": proof(key, "POST", url, ath=ath)})
    assert Counter(one.status_code for one in answers) == {200: 1, 401: CROWD - 1}


def credential(rp: RelyingParty) -> str:
    return basic(rp.client_id, str(rp.client["client_secret"]))
