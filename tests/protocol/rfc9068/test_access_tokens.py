"""JWT access tokens: what they say, and what does not pass for one."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from idp.model.session import Session
from tests.support.token_world import ISSUER, Registered, TokenWorld


def header(token: str) -> dict[str, str]:
    """Return the JOSE header of a token, unverified."""
    raw = token.split(".", maxsplit=1)[0]
    found: dict[str, str] = orjson.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    return found


def forged(token: str, head: dict[str, object] | None = None, **claims: object) -> str:
    """Return the token with header members or claims changed and the signature kept."""
    parts = token.split(".")
    for position, changes in ((0, head), (1, claims)):
        if changes:
            raw = orjson.loads(base64.urlsafe_b64decode(parts[position] + "=" * (-len(parts[position]) % 4)))
            parts[position] = base64.urlsafe_b64encode(orjson.dumps({**raw, **changes})).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.mark.spec("RFC 9068", "2.1")
def test_header_has_the_explicit_type_and_a_published_key(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    head = header(world.tokens(portal, session)["access_token"])
    published = {key["kid"]: key for key in world.get("/jwks").json["keys"]}
    assert (head["typ"], head["alg"]) == ("at+jwt", "ES256")
    assert published[head["kid"]]["alg"] == "ES256"


@pytest.mark.spec("RFC 8725", "3.9")
@pytest.mark.spec("RFC 9470", "6.1")
@pytest.mark.spec("RFC 9068", "2.2")
def test_claims_of_a_persons_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    claims, now = world.verified(tokens["access_token"], "at+jwt"), world.clock.now()
    assert claims["iss"] == claims["aud"] == ISSUER
    assert (claims["iat"], claims["exp"]) == (now, now + 600)
    assert claims["client_id"] == portal.client.client_id
    assert claims["scope"] == "openid email"
    assert claims["sub"] == world.verified(tokens["id_token"])["sub"]
    assert (claims["auth_time"], claims["acr"], claims["amr"]) == (session.auth_time, session.acr, list(session.amr))
    assert session.id not in orjson.dumps(claims).decode()
    assert session.account_id not in orjson.dumps(claims).decode()


def test_every_token_has_an_id_of_its_own_that_the_log_names(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    ids = [world.verified(world.tokens(portal, session)["access_token"], "at+jwt")["jti"] for _ in range(3)]
    assert len(set(ids)) == 3
    recorded = [orjson.loads(row["detail"])["jti"] for row in world.events("token:authorization_code")]
    assert sorted(recorded) == sorted(ids)


@pytest.mark.spec("RFC 9068", "4")
def test_nothing_else_of_ours_passes_as_an_access_token(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    tokens = world.tokens(portal, session)
    ring = world.wiring.ring.current
    logout = world.wiring.mint.logout_token(ring, portal.client, "sub", session.id)
    for token in (tokens["id_token"], tokens["refresh_token"], logout):
        answer = world.userinfo(token)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.spec("RFC 6749", "7")
@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 6749", "10.3")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.4")
@pytest.mark.spec("RFC 9068", "4")
def test_changed_token_is_refused(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    unsigned = forged(token, {"alg": "none"}).rpartition(".")[0] + "."
    changed = [
        forged(token, sub="another"),
        forged(token, exp=world.clock.now() + 86_400),
        forged(token, {"typ": "JWT"}),
        forged(token, {"alg": "HS256"}),
        forged(token, {"kid": "another"}),
        unsigned,
        token[:-4],
        f"{token}A",
    ]
    for one in changed:
        assert world.userinfo(one).status == 401
    assert world.userinfo(token).status == 200


@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 9068", "4")
def test_token_of_another_issuer_or_for_another_audience_is_refused(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["access_token"]
    claims = world.verified(token, "at+jwt")
    signer = world.wiring.ring.current.signer()
    assert world.userinfo(signer.sign(claims, "at+jwt")).status == 200
    wrong: tuple[dict[str, Any], ...] = (
        {"iss": "https://evil.example"},
        {"aud": portal.client.client_id},
        {"aud": []},
        {"exp": None},
    )
    for changes in wrong:
        assert world.userinfo(signer.sign({**claims, **changes}, "at+jwt")).status == 401


@pytest.mark.spec("RFC 6749", "7")
@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 9068", "4")
def test_an_expired_token_opens_no_resource(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    claims = world.verified(token, "at+jwt")
    assert claims["exp"] - claims["iat"] == 600
    assert world.userinfo(token).status == 200
    world.clock.advance(600)
    answer = world.userinfo(token)
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.spec("RFC 9068", "4")
def test_token_signed_by_another_algorithm_of_ours_is_refused(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    claims = world.verified(world.tokens(portal, session)["access_token"], "at+jwt")
    signed = world.wiring.ring.current.signer("RS256").sign(claims, "at+jwt")
    assert world.userinfo(signed).status == 401


def test_key_made_by_another_process_is_known_at_its_first_token(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    world.userinfo(world.tokens(portal, session)["access_token"])
    elsewhere = world.another()
    for _ in range(3):
        elsewhere.wiring.key_service.rotate("ES256", world.clock.now(), force=True)
    token = elsewhere.tokens(portal, session)["access_token"]
    assert world.userinfo(token).status == 200


def test_key_revoked_by_another_process_voids_its_tokens_at_once(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["access_token"]
    assert world.userinfo(token).status == 200
    world.another().wiring.key_service.revoke(header(token)["kid"], world.clock.now())
    answer = world.userinfo(token)
    assert (answer.status, answer.json["error"]) == (401, "invalid_token")
    fresh = world.tokens(portal, session)["access_token"]
    assert header(fresh)["kid"] != header(token)["kid"]
    assert world.userinfo(fresh).status == 200
