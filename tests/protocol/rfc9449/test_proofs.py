"""What a DPoP proof has to say, that it serves once, and the nonces that it may need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.errors import StorageUnavailable
from idp.model.session import Session
from idp.protocol.dpop import MAX_AGE, NONCE_WINDOW, SKEW, normal
from idp.storage.sqlite import SqliteDatabase
from keys import base64url
from tests.support.assertions import OWN
from tests.support.client_keys import ClientKey, new_key
from tests.support.clock import FrozenClock
from tests.support.dpop import LEFT_OUT, jkt, proof, redeem, resource_proof, token, userinfo
from tests.support.token_world import ISSUER, Registered, TokenWorld


@pytest.fixture
def key() -> ClientKey:
    return new_key(None)


@pytest.fixture
def strict(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that wants a nonce in every proof."""
    return TokenWorld(tmp_path, sqlite_database, clock, dpop={"nonce": "required"})


def refused(world: TokenWorld, of: Registered, dpop: str, **environ: str) -> str:
    answer = token(world, of, OWN, dpop, **environ)
    assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof"), answer.body
    found: str = world.events("token:request")[-1]["reason"]
    return found


@pytest.mark.spec("RFC 9449", "6")
@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_token_is_bound_to_the_key_of_the_proof(world: TokenWorld, portal: Registered, alg: str) -> None:
    key = new_key(None, alg)
    answer = token(world, portal, OWN, proof(world, key))
    assert answer.status == 200
    assert answer.json["token_type"] == "DPoP"
    assert world.verified(answer.json["access_token"], "at+jwt")["cnf"] == {"jkt": jkt(key)}


def test_token_without_a_proof_is_a_bearer_token_as_ever(world: TokenWorld, portal: Registered) -> None:
    answer = world.own_token(portal)
    assert answer.json["token_type"] == "Bearer"
    assert "cnf" not in world.verified(answer.json["access_token"], "at+jwt")
    assert "dpop-nonce" not in answer.headers


@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"htm": "GET"}, "dpop_htm"),
        ({"htm": "post"}, "dpop_htm"),
        ({"htm": LEFT_OUT}, "dpop_htm"),
        ({"htu": f"{ISSUER}/userinfo"}, "dpop_htu"),
        ({"htu": "https://thief.example.vn/token"}, "dpop_htu"),
        ({"htu": "http://id.example.vn/token"}, "dpop_htu"),
        ({"htu": f"{ISSUER}:8443/token"}, "dpop_htu"),
        ({"htu": "https://id.example.vn@thief.example.vn/token"}, "dpop_htu"),
        ({"htu": f"{ISSUER}/TOKEN"}, "dpop_htu"),
        ({"htu": f"{ISSUER}/token/"}, "dpop_htu"),
        ({"htu": "/token"}, "dpop_htu"),
        ({"htu": 7}, "dpop_htu"),
        ({"htu": "https://[/token"}, "dpop_htu"),
        ({"htu": LEFT_OUT}, "dpop_htu"),
        ({"iat": LEFT_OUT}, "dpop_iat"),
        ({"iat": "now"}, "dpop_iat"),
        ({"iat": True}, "dpop_iat"),
        ({"iat": 1}, "dpop_iat"),
        ({"iat": 2**60}, "dpop_iat"),
        ({"jti": LEFT_OUT}, "dpop_jti"),
        ({"jti": ""}, "dpop_jti"),
        ({"jti": 7}, "dpop_jti"),
        ({"jti": "x" * 300}, "dpop_jti"),
    ],
)
def test_claim_that_is_missing_or_wrong_is_refused(
    world: TokenWorld, portal: Registered, key: ClientKey, changes: dict[str, Any], reason: str
) -> None:
    assert refused(world, portal, proof(world, key, **changes)) == reason


@pytest.mark.spec("RFC 9449", "11.5")
@pytest.mark.spec("RFC 9449", "11.6")
@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": LEFT_OUT},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "PS256"},
        {"alg": "RS256"},
        {"jwk": LEFT_OUT},
        {"jwk": "x"},
        {"jwk": {}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
        {"crit": ["exp"]},
        {"jku": "https://thief.example.vn/jwks"},
        {"x5c": ["AA"]},
    ],
)
def test_header_that_plays_tricks_is_refused(
    world: TokenWorld, portal: Registered, key: ClientKey, header: dict[str, Any]
) -> None:
    assert refused(world, portal, proof(world, key, header=header)).startswith("token_")


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
@pytest.mark.parametrize(("alg", "is_taken"), [("RS256", False), ("PS256", True), ("ES256", True), ("EdDSA", True)])
def test_a_proof_is_signed_by_an_algorithm_of_the_list_and_its_key_fits(
    world: TokenWorld, portal: Registered, alg: str, *, is_taken: bool
) -> None:
    made = proof(world, new_key(None, alg=alg))
    if is_taken:
        assert token(world, portal, OWN, made).status == 200
    else:
        assert refused(world, portal, made) == "token_algorithm_refused"


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "11.1")
@pytest.mark.parametrize(
    ("claim", "last", "first_refused"), [("iat", SKEW, SKEW + 1), ("nbf", SKEW, SKEW + 1), ("exp", 1 - SKEW, -SKEW)]
)
def test_a_proof_is_taken_up_to_the_last_second_that_its_clock_may_be_off(
    world: TokenWorld, portal: Registered, key: ClientKey, claim: str, last: int, first_refused: int
) -> None:
    good, bad = ({claim: world.clock.now() + seconds} for seconds in (last, first_refused))
    assert token(world, portal, OWN, proof(world, key, **dict[str, Any](good))).status == 200
    assert refused(world, portal, proof(world, key, **dict[str, Any](bad))).startswith("dpop_")


@pytest.mark.spec("RFC 9449", "4.3")
def test_private_key_in_the_header_is_refused(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    assert refused(world, portal, proof(world, key, header={"jwk": {**key.bare, "d": "AAAA"}})) == "token_private_jwk"


@pytest.mark.spec("RFC 9449", "4.3")
def test_signature_by_another_key_than_the_one_inside_is_refused(
    world: TokenWorld, portal: Registered, key: ClientKey
) -> None:
    forged = proof(world, new_key(None), header={"jwk": key.bare})
    assert refused(world, portal, forged) == "token_signature_invalid"


@pytest.mark.spec("RFC 9449", "4.3")
def test_two_proofs_or_none_that_can_be_read_are_refused(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    good = proof(world, key)
    for text in (f"{good},{proof(world, key)}", f"{good}, {good}", "x", "a.b.c", "A" * 9000, "\xfc"):
        assert refused(world, portal, text) == "token_malformed"


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize(
    "htu",
    [
        f"{ISSUER}/token?x=1",
        f"{ISSUER}/token#x",
        "HTTPS://ID.example.VN/token",
        f"{ISSUER}:443/token",
        f"{ISSUER}/%74oken",
        f"{ISSUER}/a/../token",
        f"{ISSUER}/./token",
    ],
)
def test_addresses_are_compared_in_their_normal_form(
    world: TokenWorld, portal: Registered, key: ClientKey, htu: str
) -> None:
    assert token(world, portal, OWN, proof(world, key, htu=htu)).status == 200


def test_normal_form_keeps_what_makes_a_difference() -> None:
    assert normal("https://a") == normal("https://a:443/") == "https://a/"
    assert normal("http://[::1]:8000/x%2fy") == "http://[::1]:8000/x%2Fy"
    assert normal("https://a/b/c/..") == "https://a/b/"
    assert normal("https://a/../..") == "https://a/"
    for text in ("", "a", "ftp://a/", "https://", "https://a:b/", "https://u@a/"):
        assert normal(text) is None


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "11.1")
def test_proof_is_of_this_moment(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    now = world.clock.now()
    for good in (now - MAX_AGE, now, now + 10, now - 0.5):
        assert token(world, portal, OWN, proof(world, key, iat=good)).status == 200
    for bad in (now - MAX_AGE - 1, now + 60):
        assert refused(world, portal, proof(world, key, iat=bad)) == "dpop_iat"


@pytest.mark.spec("RFC 7519", "4.1.4")
@pytest.mark.spec("RFC 7519", "4.1.5")
def test_bounds_that_a_proof_has_of_its_own_count(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    now = world.clock.now()
    for good in ({"exp": now + 60}, {"exp": now - 10}, {"nbf": now + 10}, {"nbf": now - 500, "exp": now + 5.5}):
        assert token(world, portal, OWN, proof(world, key, **good)).status == 200, good
    for bad in ({"exp": now - 60}, {"nbf": now + 60}, {"exp": "never"}, {"nbf": True}, {"exp": None}):
        assert refused(world, portal, proof(world, key, **bad)) == "dpop_bounds", bad


@pytest.mark.spec("RFC 9449", "11.1")
def test_proof_serves_once(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    one = proof(world, key)
    assert token(world, portal, OWN, one).status == 200
    assert refused(world, portal, one) == "jti_used"
    assert token(world.another(), portal, OWN, one).json["error"] == "invalid_dpop_proof"
    world.clock.advance(MAX_AGE)
    assert refused(world, portal, one) == "jti_used"


def test_proof_that_is_refused_is_not_used_up(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    assert refused(world, portal, proof(world, key, jti="mine", htm="GET")) == "dpop_htm"
    assert token(world, portal, OWN, proof(world, key, jti="mine")).status == 200


def test_replay_store_out_of_reach_is_503_and_plain_requests_go_on(
    world: TokenWorld, portal: Registered, key: ClientKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StorageUnavailable("gone")

    monkeypatch.setattr(world.wiring.replays._store, "claim_issued", gone)
    assert token(world, portal, OWN, proof(world, key)).status == 503
    assert world.own_token(portal).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("RFC 9449", "11.3")
@pytest.mark.spec("RFC 9449", "8")
def test_nonce_is_supplied_where_one_is_needed(strict: TokenWorld, key: ClientKey) -> None:
    client = strict.add_client()
    first = token(strict, client, OWN, proof(strict, key))
    assert (first.status, first.json["error"]) == (400, "use_dpop_nonce")
    nonce = first.headers["dpop-nonce"]
    second = token(strict, client, OWN, proof(strict, key, nonce=nonce))
    assert second.status == 200
    assert second.headers["dpop-nonce"]
    assert token(strict, client, OWN, proof(strict, key)).json["error"] == "use_dpop_nonce", (
        "no way back to proofs without"
    )
    assert strict.own_token(client).status == 200
    strict.clock.advance(NONCE_WINDOW + 1)
    late = token(strict, client, OWN, proof(strict, key, nonce=nonce))
    assert late.json["error"] == "use_dpop_nonce"
    assert token(strict, client, OWN, proof(strict, key, nonce=late.headers["dpop-nonce"])).status == 200


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "8")
@pytest.mark.parametrize("nonce", ["x", "", 7, None, "A" * 32, "A" * 400, "\xfc"])
def test_nonce_that_is_not_ours_is_refused_also_where_none_is_needed(
    world: TokenWorld, portal: Registered, key: ClientKey, nonce: object
) -> None:
    answer = token(world, portal, OWN, proof(world, key, nonce=nonce))
    assert (answer.status, answer.json["error"]) == (400, "use_dpop_nonce")


@pytest.mark.spec("RFC 9449", "11.3")
@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.spec("RFC 9449", "8")
def test_a_nonce_of_this_moment_that_somebody_else_made_is_refused(strict: TokenWorld, key: ClientKey) -> None:
    """Whoever could make nonces himself could make proofs today for next year (RFC 9449 section 11.2)."""
    client = strict.add_client()
    ours = token(strict, client, OWN, proof(strict, key)).headers["dpop-nonce"]
    raw = base64url.decode(ours.encode())
    for forged in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:8] + bytes(16), raw[:8]):
        answer = token(strict, client, OWN, proof(strict, key, nonce=base64url.encode_text(forged)))
        assert (answer.status, answer.json["error"]) == (400, "use_dpop_nonce")
    assert token(strict, client, OWN, proof(strict, key, nonce=ours)).status == 200


@pytest.mark.spec("RFC 9449", "9")
def test_nonce_is_supplied_at_the_resource(strict: TokenWorld, key: ClientKey) -> None:
    client, session = strict.add_client(), strict.sign_in(strict.add_person())
    nonce = token(strict, client, OWN, proof(strict, key)).headers["dpop-nonce"]
    access = redeem(strict, client, strict.code(client, session), proof(strict, key, nonce=nonce)).json["access_token"]
    first = userinfo(strict, access, resource_proof(strict, key, access))
    assert first.status == 401
    assert 'DPoP realm="dinhdanh", error="use_dpop_nonce"' in first.headers["www-authenticate"]
    second = userinfo(strict, access, resource_proof(strict, key, access, nonce=first.headers["dpop-nonce"]))
    assert second.status == 200
    assert second.headers["dpop-nonce"]


@pytest.mark.spec("RFC 9449", "5.2")
def test_client_registered_for_proofs_gets_nothing_without(world: TokenWorld, key: ClientKey, session: Session) -> None:
    client = world.add_client(dpop_bound_access_tokens=True)
    assert refused(world, client, "") == "dpop_missing"
    code = world.code(client, session)
    assert redeem(world, client, code, "").json["error"] == "invalid_dpop_proof"
    assert redeem(world, client, code, proof(world, key)).status == 200


@pytest.mark.spec("RFC 9449", "5.1")
def test_discovery_names_the_algorithms(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]


def test_scripts_of_other_origins_may_send_proofs_and_read_nonces(strict: TokenWorld, key: ClientKey) -> None:
    client, origin = strict.add_client(), {"HTTP_ORIGIN": "https://spa.example.vn"}
    allowed = strict.send("OPTIONS", "/token", b"", **origin).headers["access-control-allow-headers"]
    assert "DPoP" in allowed.split(", ")
    answer = token(strict, client, OWN, proof(strict, key), **origin)
    assert "DPoP-Nonce" in answer.headers["access-control-expose-headers"]
