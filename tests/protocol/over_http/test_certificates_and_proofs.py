"""Certificates in a proxy's header and DPoP proofs, through the real server: what it reads of a request is a list of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from idp import handles
from tests.support.assertions import OWN, by_proxy, certificate
from tests.support.client_keys import new_key
from tests.support.rp import RelyingParty
from tests.support.world import World, deployed

DN = "CN=Cong dich vu cong,C=VN"


@pytest.fixture(scope="module")
def behind() -> Iterator[World]:
    """Run a deployment that trusts this machine as its proxy."""
    with deployed("sqlite", settings={"PROXY__TRUSTED": '["127.0.0.1"]', "DPOP__NONCE": "required"}) as running:
        yield running


@pytest.fixture(scope="module")
def member(behind: World) -> RelyingParty:
    return behind.rp(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=DN)


@pytest.mark.spec("RFC 9440", "2")
def test_certificate_of_the_trusted_proxy_proves_its_client(member: RelyingParty) -> None:
    value = by_proxy(certificate(new_key(), at=int(time.time())))["HTTP_CLIENT_CERT"]
    url, form = member.discovery["token_endpoint"], {**OWN, "client_id": member.client_id}
    assert requests.post(url, data=form, headers={"Client-Cert": value}, timeout=30).status_code == 200
    for wrong in ({}, {"Client-Cert": f"{value}, {value}"}, {"X-Client-Cert": value}):
        assert requests.post(url, data=form, headers=wrong, timeout=30).status_code == 401


@pytest.mark.spec("RFC 9449", "8")
def test_proof_and_nonce_travel_through_the_server(member: RelyingParty) -> None:
    key, url = new_key(None), member.discovery["token_endpoint"]
    shown = by_proxy(certificate(new_key(), at=int(time.time())))["HTTP_CLIENT_CERT"]
    claims = {"htm": "POST", "htu": url, "iat": int(time.time())}
    nonce: dict[str, str] = {}
    for status in (400, 200):
        proof = key.sign({**claims, "jti": handles.new_id(), **nonce}, typ="dpop+jwt", kid=None, jwk=key.bare)
        headers = {"Client-Cert": shown, "DPoP": proof}
        answer = requests.post(url, data={**OWN, "client_id": member.client_id}, headers=headers, timeout=30)
        assert answer.status_code == status, answer.text
        nonce = {"nonce": answer.headers["DPoP-Nonce"]}
    assert answer.json()["token_type"] == "DPoP"
