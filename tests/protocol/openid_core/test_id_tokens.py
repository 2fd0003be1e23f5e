"""ID tokens: what they say, by which algorithm, and that no attribute of a person can speak for the provider."""

from __future__ import annotations

import base64
import hashlib

import orjson
import pytest

from idp.model.session import Session
from policies import claims as claim_policy
from tests.support.token_world import ISSUER, NONCE, Registered, TokenWorld


@pytest.mark.spec("OIDC Core", "2")
def test_claims_of_an_id_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    world.clock.advance(100)
    claims, now = world.verified(world.tokens(portal, session)["id_token"]), world.clock.now()
    assert (claims["iss"], claims["aud"]) == (ISSUER, portal.client.client_id)
    assert (claims["iat"], claims["exp"]) == (now, now + 600)
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (now - 100, session.acr, ["pwd"])
    assert claims["nonce"] == NONCE
    assert claims["sub"] == world.wiring.subjects.subject(session.account_id, portal.client)


def test_id_token_without_a_nonce_in_the_request_has_none(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    assert "nonce" not in world.verified(world.tokens(portal, session, nonce=None)["id_token"])


@pytest.mark.spec("OIDC Core", "3.1.3.6")
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_at_hash_binds_the_access_token(world: TokenWorld, session: Session, alg: str) -> None:
    client = world.add_client(id_token_signed_response_alg=alg)
    tokens = world.tokens(client, session)
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert world.verified(tokens["id_token"])["at_hash"] == expected


@pytest.mark.spec("OIDC Core", "2")
@pytest.mark.spec("OIDC Registration", "2")
def test_algorithm_is_the_registered_one(world: TokenWorld, session: Session) -> None:
    for alg in ("ES256", "RS256"):
        client = world.add_client(id_token_signed_response_alg=alg)
        head = world.tokens(client, session)["id_token"].split(".")[0]
        assert orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["alg"] == alg


@pytest.mark.spec("OIDC Core", "8.1")
def test_subject_and_sid_differ_between_sectors(world: TokenWorld, portal: Registered, session: Session) -> None:
    other = world.add_client()
    first, second = (world.verified(world.tokens(client, session)["id_token"]) for client in (portal, other))
    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]
    again = world.verified(world.tokens(portal, session)["id_token"])
    assert (again["sub"], again["sid"]) == (first["sub"], first["sid"])


@pytest.mark.spec("OIDC Core", "5.5")
def test_claims_asked_for_the_id_token_are_in_it(world: TokenWorld, portal: Registered, session: Session) -> None:
    wanted = claim_policy.pack(["email", "identity_code"])
    claims = world.verified(world.tokens(portal, session, "openid", id_claims=wanted)["id_token"])
    assert (claims["email"], claims["identity_code"]) == ("mau@example.vn", "049499000001")
    plain = world.verified(world.tokens(portal, session, "openid email")["id_token"])
    assert "email" not in plain


def test_no_attribute_can_overwrite_a_protocol_claim(
    world: TokenWorld, portal: Registered, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = {
        "iss": "https://evil.example",
        "sub": "someone",
        "aud": "x",
        "exp": 9,
        "acr": "x",
        "sid": "x",
        "at_hash": "x",
    }
    monkeypatch.setattr(world.wiring.claims, "released", lambda claims, state: dict(evil))
    tokens = world.tokens(portal, session, id_claims=1)
    claims = world.verified(tokens["id_token"])
    assert not [name for name, value in evil.items() if claims[name] == value]
    assert world.userinfo(tokens["access_token"]).json["sub"] == claims["sub"]


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.spec("OIDC Core", "2")
def test_auth_time_is_the_sign_in_and_not_now(world: TokenWorld, portal: Registered, session: Session) -> None:
    world.clock.advance(3000)
    assert world.verified(world.tokens(portal, session)["id_token"])["auth_time"] == session.auth_time
