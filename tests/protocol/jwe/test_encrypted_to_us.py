"""What clients encrypt to our published keys: only what we can bound, only a signed JWT inside, one refusal for everything."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.model.session import Session
from keys import base64url
from keys.errors import JweRefused
from keys.model import KeyState
from tests.support.encryption_party import ALL_ALGS, ALL_ENCS, sealed
from tests.support.token_world import Registered, TokenWorld

INNER = b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln"


def keys_of(world: TokenWorld) -> dict[str, Any]:
    return world.get("/jwks").json


@pytest.mark.spec("RFC 7516", "5.2")
@pytest.mark.parametrize("enc", ALL_ENCS)
@pytest.mark.parametrize("alg", ALL_ALGS)
def test_nested_jwt_to_a_published_key_opens(world: TokenWorld, alg: str, enc: str) -> None:
    token = sealed(keys_of(world), INNER, alg, enc, cty="JWT")
    assert world.wiring.decrypter.nested(token) == INNER.decode()


def test_token_that_is_no_jwe_comes_back_as_it_is(world: TokenWorld) -> None:
    assert world.wiring.decrypter.nested("a.b.c") == "a.b.c"


def test_sender_may_leave_the_key_id_out(world: TokenWorld) -> None:
    token = sealed(keys_of(world), INNER, "ECDH-ES", kid=None)
    assert world.wiring.decrypter.nested(token) == INNER.decode()


def test_key_of_another_algorithm_does_not_open(world: TokenWorld) -> None:
    other = next(key["kid"] for key in keys_of(world)["keys"] if key["alg"] == "ECDH-ES+A128KW")
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(sealed(keys_of(world), INNER, "ECDH-ES", kid=other))


@pytest.mark.spec("OIDC Core", "10.2")
@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 7517", "4.2")
def test_published_keys_for_encryption_say_so_and_are_no_signature_keys(world: TokenWorld) -> None:
    mine = [key for key in keys_of(world)["keys"] if key["use"] == "enc"]
    assert {key["kty"] for key in mine} == {"RSA", "EC"}
    assert [key["alg"] for key in mine].count("ECDH-ES") == 2
    assert {key["alg"] for key in mine} == set(ALL_ALGS)
    for key in mine:
        assert not {"d", "p", "q"} & key.keys()
    signers = world.wiring.ring.current.signers.values()
    assert {key["kid"] for key in mine}.isdisjoint(signer.kid for signer in signers)


@pytest.mark.spec("RFC 8725", "3.6")
@pytest.mark.spec("RFC 8725", "3.2")
@pytest.mark.parametrize(
    "header",
    [
        {"zip": "DEF"},
        {"cty": "bomb"},
        {"kid": "unknown"},
        {"jku": "https://evil.example/"},
        {"x5u": "https://evil.example/"},
        {"p2c": 1_000_000_000, "p2s": "AAAA"},
        {"typ": 7},
    ],
)
def test_header_that_would_change_the_rules_is_refused(world: TokenWorld, header: dict[str, Any]) -> None:
    token = forged(world, header)
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(token)


def forged(world: TokenWorld, header: dict[str, Any]) -> str:
    """Return a JWE whose header was rewritten where the library would not make it."""
    if header.keys() <= {"zip", "cty", "kid"}:
        return sealed(keys_of(world), INNER, "ECDH-ES", **header)
    token = sealed(keys_of(world), INNER, "ECDH-ES")
    head, _, rest = token.partition(".")
    values = {**orjson.loads(base64url.decode(head.encode())), **header}
    return f"{base64url.encode_text(orjson.dumps(values))}.{rest}"


@pytest.mark.spec("RFC 8725", "3.2")
@pytest.mark.spec("RFC 7516", "11.5")
@pytest.mark.parametrize(
    "alg", ["dir", "none", "RSA1_5", "RSA-OAEP", "PBES2-HS256+A128KW", "A128KW", "ECDH-1PU", 5, None]
)
def test_other_key_management_is_refused_before_anything_is_computed(world: TokenWorld, alg: object) -> None:
    with pytest.raises(JweRefused, match="allow-list"):
        world.wiring.decrypter.nested(forged(world, {"alg": alg, "typ": "JWT"}))


@pytest.mark.spec("RFC 8725", "3.3")
@pytest.mark.spec("RFC 7516", "5.2")
@pytest.mark.parametrize("segment", [0, 1, 2, 3, 4])
def test_every_changed_segment_is_noticed(world: TokenWorld, segment: int) -> None:
    parts = sealed(keys_of(world), INNER, "RSA-OAEP-256").split(".")
    parts[segment] = parts[segment][:-2] + ("AA" if parts[segment][-2:] != "AA" else "BA")
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(".".join(parts))


@pytest.mark.spec("RFC 8725", "3.3")
def test_jwe_within_a_jwe_is_refused(world: TokenWorld) -> None:
    once = sealed(keys_of(world), INNER, "ECDH-ES")
    with pytest.raises(JweRefused, match="signed JWT"):
        world.wiring.decrypter.nested(sealed(keys_of(world), once.encode(), "ECDH-ES", cty="JWT"))


@pytest.mark.parametrize("inner", [b"{}", b"\xff.\xff.\xff", b"a.b", b""])
def test_only_a_signed_jwt_may_be_inside(world: TokenWorld, inner: bytes) -> None:
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(sealed(keys_of(world), inner, "ECDH-ES"))


@pytest.mark.parametrize(
    "token", ["....", "a.b.c.d.e", "x" * 40_000 + "....", "é....", "e30....", "e30.e30.e30.e30.e30"]
)
def test_what_only_looks_like_a_jwe_is_refused(world: TokenWorld, token: str) -> None:
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(token)


@pytest.mark.spec("RFC 8725", "3.4")
def test_point_that_is_not_on_the_curve_is_refused(world: TokenWorld) -> None:
    point = {"kty": "EC", "crv": "P-256", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE", "y": "AQ"}
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(forged(world, {"epk": point, "typ": "JWT"}))


def test_rotated_key_leaves_the_set_and_goes_on_opening_until_caches_forgot_it(world: TokenWorld) -> None:
    service, clock = world.wiring.key_service, world.clock
    [active] = [key.kid for key in service.load()[1] if key.alg == "ECDH-ES" and key.state is KeyState.ACTIVE]
    before = {"keys": [key for key in keys_of(world)["keys"] if key["kid"] == active]}
    token = sealed(before, INNER, "ECDH-ES")
    clock.advance(90 * 86400)
    service.tick(clock.now())
    world.wiring.ring.refresh()
    clock.advance(2)
    [retired] = [key for key in service.load()[1] if key.alg == "ECDH-ES" and key.state is KeyState.RETIRED]
    assert retired.kid not in {key["kid"] for key in keys_of(world)["keys"]}
    assert world.wiring.decrypter.nested(token) == INNER.decode()
    clock.advance(90_000)
    service.tick(clock.now())
    world.wiring.ring.refresh()
    [gone] = [key for key in service.load()[1] if key.kid == retired.kid]
    assert (gone.state, gone.sealed) == (KeyState.REMOVED, None)
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(token)


def test_revoked_key_opens_nothing_any_more(world: TokenWorld) -> None:
    token = sealed(keys_of(world), INNER, "ECDH-ES")
    [kid] = [key.kid for key in world.wiring.key_service.load()[1] if key.alg == "ECDH-ES" and key.state == "active"]
    world.wiring.key_service.revoke(kid, world.clock.now())
    world.wiring.ring.refresh()
    used = sealed(keys_of(world), INNER, "ECDH-ES")
    assert world.wiring.decrypter.nested(used) == INNER.decode()
    with pytest.raises(JweRefused):
        world.wiring.decrypter.nested(token if _kid(token) == kid else forged(world, {"kid": kid, "typ": "JWT"}))


def _kid(token: str) -> str:
    return str(orjson.loads(base64url.decode(token.split(".", maxsplit=1)[0].encode()))["kid"])


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_hint_encrypted_to_us_is_read(world: TokenWorld, portal: Registered, session: Session) -> None:
    hint = world.tokens(portal, session)["id_token"]
    token = sealed(keys_of(world), hint.encode(), "RSA-OAEP-256", cty="JWT")
    assert world.wiring.hints.read(token).client_id == portal.client.client_id
