"""Clients that prove themselves by a JWT: what it has to say, for whom, how long, and that it serves once."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import StorageUnavailable
from tests.support.assertions import OWN, TYPE, asserted, assertion_claims, mac_assertion, signed_assertion
from tests.support.client_keys import ClientKey, PublishedKeys, key_set, new_key
from tests.support.token_world import ISSUER, Registered, TokenWorld, basic

SIGNED = "private_key_jwt"
MAC = "client_secret_jwt"


@pytest.fixture
def key() -> ClientKey:
    return new_key()


@pytest.fixture
def signer(world: TokenWorld, key: ClientKey) -> Registered:
    """Return a client with a key of its own."""
    return world.add_client(token_endpoint_auth_method=SIGNED, jwks=key_set(key))


@pytest.fixture
def sharer(world: TokenWorld) -> Registered:
    """Return a client that makes MACs with its secret."""
    return world.add_client(token_endpoint_auth_method=MAC)


def reason(world: TokenWorld) -> str:
    found: str = world.events("token:request")[-1]["reason"]
    return found


def refused(world: TokenWorld, token: str, **form: str) -> str:
    """Present an assertion that must be refused; return the reason in the audit log."""
    answer = world.post("/token", asserted(token, **form))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client"), answer.body
    return reason(world)


@pytest.mark.spec("RFC 7523", "5")
@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.spec("OIDC Core", "9")
@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA"])
def test_signed_assertion_proves_its_client(world: TokenWorld, alg: str) -> None:
    key = new_key(alg=alg)
    client = world.add_client(token_endpoint_auth_method=SIGNED, jwks=key_set(key))
    assert client.secret == ""
    token = signed_assertion(world, key, client)
    assert world.post("/token", asserted(token)).status == 200
    more = signed_assertion(world, key, client)
    assert world.post("/token", asserted(more, client_id=client.client.client_id)).status == 200


@pytest.mark.spec("RFC 7523", "2.2")
def test_assertion_serves_at_every_endpoint_that_clients_call(
    world: TokenWorld, key: ClientKey, signer: Registered
) -> None:
    token = world.post("/token", asserted(signed_assertion(world, key, signer))).json["access_token"]
    for path, aud in (("/introspect", ISSUER), ("/introspect", f"{ISSUER}/introspect"), ("/revoke", ISSUER)):
        form = {**asserted(signed_assertion(world, key, signer, aud=aud)), "token": token}
        assert world.post(path, form).status == 200


@pytest.mark.spec("RFC 7523", "3.2")
@pytest.mark.spec("RFC 7521", "5.2")
@pytest.mark.spec("RFC 7521", "4.2.1")
@pytest.mark.spec("OIDC Core", "9")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": None}, "token_claim_refused"),
        ({"iss": "another"}, "token_issuer_refused"),
        ({"aud": None}, "token_claim_refused"),
        ({"aud": "https://elsewhere.example.vn"}, "token_audience_refused"),
        ({"aud": f"{ISSUER}/userinfo"}, "token_audience_refused"),
        ({"aud": f"{ISSUER}/"}, "token_audience_refused"),
        ({"aud": []}, "token_audience_refused"),
        ({"aud": [1, {"a": 1}]}, "token_audience_refused"),
        ({"exp": None}, "token_claim_refused"),
        ({"exp": "soon"}, "token_claim_refused"),
        ({"exp": 1}, "token_expired"),
        ({"exp": 2**52}, "token_claim_refused"),
        ({"jti": None}, "token_claim_refused"),
        ({"jti": ""}, "assertion_jti"),
        ({"jti": 7}, "assertion_jti"),
        ({"jti": "x" * 300}, "assertion_jti"),
        ({"sub": None}, "assertion_subject"),
        ({"sub": 7}, "assertion_subject"),
    ],
)
@pytest.mark.parametrize("method", [SIGNED, MAC])
def test_claim_that_is_missing_or_wrong_is_refused(
    world: TokenWorld, key: ClientKey, changes: dict[str, Any], expected: str, method: str
) -> None:
    client = world.add_client(token_endpoint_auth_method=method, **({"jwks": key_set(key)} if method == SIGNED else {}))
    token = (
        signed_assertion(world, key, client, **changes) if method == SIGNED else mac_assertion(world, client, **changes)
    )
    assert refused(world, token) == expected


@pytest.mark.spec("OIDC Core", "9")
def test_claims_of_an_assertion_that_nobody_knows_are_ignored(
    world: TokenWorld, key: ClientKey, signer: Registered
) -> None:
    token = signed_assertion(world, key, signer, shoe_size=42, nonce=["x"], acr={"y": None})
    assert world.post("/token", asserted(token)).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("RFC 7523", "3")
def test_clocks_may_differ_a_little_and_not_more(world: TokenWorld, key: ClientKey, signer: Registered) -> None:
    now = world.clock.now()
    for good in ({"iat": now + 10}, {"nbf": now + 10}, {"exp": now - 10}):
        assert world.post("/token", asserted(signed_assertion(world, key, signer, **good))).status == 200
    for bad, expected in (
        ({"iat": now + 60}, "token_not_yet_valid"),
        ({"nbf": now + 60}, "token_not_yet_valid"),
        ({"exp": now - 30}, "token_expired"),
        ({"exp": now + 4000}, "token_claim_refused"),
    ):
        assert refused(world, signed_assertion(world, key, signer, **bad)) == expected


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("OIDC Core", "9")
def test_assertion_serves_once_until_long_after_its_end(world: TokenWorld, key: ClientKey, signer: Registered) -> None:
    token = signed_assertion(world, key, signer)
    assert world.post("/token", asserted(token)).status == 200
    assert refused(world, token) == "jti_used"
    assert world.another().post("/token", asserted(token)).json["error"] == "invalid_client"
    world.clock.advance(70)
    assert refused(world, token) == "jti_used"
    world.clock.advance(60)
    assert refused(world, token) == "token_expired"


def test_same_jti_of_another_client_is_another_one(world: TokenWorld) -> None:
    for _ in range(2):
        key = new_key()
        client = world.add_client(token_endpoint_auth_method=SIGNED, jwks=key_set(key))
        assert world.post("/token", asserted(signed_assertion(world, key, client, jti="1"))).status == 200


def test_assertion_that_is_refused_is_not_used_up(world: TokenWorld, key: ClientKey, signer: Registered) -> None:
    thief = new_key()
    forged = thief.sign(assertion_claims(world, signer.client.client_id, jti="mine"))
    assert refused(world, forged) == "token_signature_invalid"
    assert world.post("/token", asserted(signed_assertion(world, key, signer, jti="mine"))).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_other_clients_may_name_the_endpoint_or_several_audiences(
    world: TokenWorld, key: ClientKey, signer: Registered
) -> None:
    for aud in (f"{ISSUER}/token", [ISSUER], [f"{ISSUER}/token", "https://elsewhere.example.vn"]):
        assert world.post("/token", asserted(signed_assertion(world, key, signer, aud=aud))).status == 200


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "es256"},
        {"jku": "https://thief.example.vn/jwks"},
        {"x5u": "https://thief.example.vn/x5"},
        {"x5c": ["AA"]},
        {"jwk": {"kty": "EC"}},
        {"crit": ["exp"]},
        {"b64": False},
        {"kid": "other"},
        {"kid": 7},
        {"typ": "at+jwt"},
        {"typ": "dpop+jwt"},
        {"zip": "DEF"},
    ],
)
def test_header_that_plays_tricks_is_refused(
    world: TokenWorld, key: ClientKey, signer: Registered, header: dict[str, Any]
) -> None:
    token = key.sign(assertion_claims(world, signer.client.client_id), **header)
    assert refused(world, token).startswith("token_")


@pytest.mark.spec("RFC 7521", "3")
@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("RFC 8725", "2.1")
def test_mac_with_the_public_key_as_secret_is_refused(world: TokenWorld, key: ClientKey, signer: Registered) -> None:
    for secret in (str(key.jwk), key.jwk["x"]):
        assert refused(world, mac_assertion(world, signer, secret)) == "token_algorithm_refused"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "client-authentication+jwt", None])
def test_types_that_clients_write_are_accepted(
    world: TokenWorld, key: ClientKey, signer: Registered, typ: str | None
) -> None:
    token = key.sign(assertion_claims(world, signer.client.client_id), typ=typ)
    assert world.post("/token", asserted(token)).status == 200


@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "A" * 9000, "ü.ü.ü"])
def test_text_that_is_no_jwt_is_refused(world: TokenWorld, signer: Registered, token: str) -> None:
    assert refused(world, token) == "token_malformed"


@pytest.mark.spec("OIDC Core", "9")
@pytest.mark.spec("RFC 7521", "4.2")
@pytest.mark.parametrize("has_secret", [False, True])
def test_type_of_the_assertion_must_be_named(
    world: TokenWorld, key: ClientKey, signer: Registered, portal: Registered, *, has_secret: bool
) -> None:
    """Half an assertion is one all the same: it is not passed over, not even where a secret beside it is right."""
    token = signed_assertion(world, key, signer)
    saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    for form, why in (
        ({"client_assertion": token}, "assertion_type"),
        ({"client_assertion_type": TYPE}, "token_malformed"),
        ({"client_assertion": token, "client_assertion_type": saml}, "assertion_type"),
    ):
        answer = world.post("/token", {**OWN, **form}, portal.basic if has_secret else "")
        assert (answer.status, answer.json["error"], reason(world)) == (401, "invalid_client", why)


@pytest.mark.spec("RFC 7521", "4.2")
def test_client_id_beside_the_assertion_must_be_its_subject(
    world: TokenWorld, key: ClientKey, signer: Registered
) -> None:
    assert refused(world, signed_assertion(world, key, signer), client_id="another") == "client_unnamed"


@pytest.mark.spec("RFC 6749", "2.3")
def test_assertion_beside_another_credential_is_refused(world: TokenWorld, key: ClientKey, signer: Registered) -> None:
    token = signed_assertion(world, key, signer)
    for form, header in (
        (asserted(token), basic(signer.client.client_id, "x" * 43)),
        (asserted(token, client_secret="x" * 43), ""),
    ):
        answer = world.post("/token", form, header)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert reason(world) == "several_credentials"


@pytest.mark.spec("OIDC Core", "9")
def test_method_is_the_registered_one_and_no_other(
    world: TokenWorld, key: ClientKey, signer: Registered, sharer: Registered, portal: Registered
) -> None:
    assert refused(world, mac_assertion(world, portal)) == "wrong_method"
    assert refused(world, signed_assertion(world, key, sharer)) == "token_algorithm_refused"
    body = {**OWN, "client_id": sharer.client.client_id, "client_secret": sharer.secret}
    assert world.post("/token", body).json["error"] == "invalid_client"
    assert world.post("/token", {**OWN, "client_id": signer.client.client_id}).json["error"] == "invalid_client"


@pytest.mark.spec("OIDC Registration", "2")
def test_registered_algorithm_is_the_only_one(world: TokenWorld) -> None:
    key = new_key(alg="RS256")
    client = world.add_client(
        token_endpoint_auth_method=SIGNED, jwks=key_set(key), token_endpoint_auth_signing_alg="PS256"
    )
    assert refused(world, signed_assertion(world, key, client)) == "token_algorithm_refused"


def test_keys_at_an_address_serve_and_their_rotation_is_picked_up(world: TokenWorld, key: ClientKey) -> None:
    published = PublishedKeys(key)
    world.wiring.client_keys._fetcher = published
    client = world.add_client(token_endpoint_auth_method=SIGNED, jwks_uri="https://portal.example.vn/jwks")
    assert world.post("/token", asserted(signed_assertion(world, key, client))).status == 200
    fresh = new_key("k2")
    published.publish(fresh)
    assert world.post("/token", asserted(signed_assertion(world, fresh, client))).status == 200
    assert refused(world, signed_assertion(world, key, client)) == "token_key_unknown"
    published.is_down = True
    world.clock.advance(10_000)
    assert refused(world, signed_assertion(world, fresh, client)) == "client_keys_unavailable"


@pytest.mark.spec("OIDC Core", "9")
def test_mac_by_either_live_secret_proves_its_client(world: TokenWorld, sharer: Registered) -> None:
    assert world.post("/token", asserted(mac_assertion(world, sharer))).status == 200
    _, fresh = world.wiring.clients.rotate_secret(sharer.client.client_id, overlap=60)
    for secret in (sharer.secret, fresh):
        assert world.post("/token", asserted(mac_assertion(world, sharer, secret))).status == 200
    world.clock.advance(60)
    assert refused(world, mac_assertion(world, sharer)) == "token_signature_invalid"
    assert world.post("/token", asserted(mac_assertion(world, sharer, fresh))).status == 200
    assert refused(world, mac_assertion(world, sharer, fresh, alg="HS512")) == "token_algorithm_refused"
    assert refused(world, mac_assertion(world, sharer, "x" * 43)) == "token_signature_invalid"


def test_readable_secret_is_sealed_and_kept_for_no_longer_than_needed(world: TokenWorld, sharer: Registered) -> None:
    content = b"".join(path.read_bytes() for path in world.home.glob("dinhdanh.sqlite3*"))
    assert sharer.secret.encode() not in content
    (kept,) = world.wiring.clients.known(sharer.client.client_id).secrets
    assert kept.sealed is not None
    shown = world.wiring.clients.known(sharer.client.client_id)
    assert kept.sealed.hex() not in repr(shown)


def test_replay_store_out_of_reach_is_503_and_no_success(
    world: TokenWorld, key: ClientKey, signer: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise StorageUnavailable("gone")

    monkeypatch.setattr(world.wiring.replays._store, "claim_issued", gone)
    answer = world.post("/token", asserted(signed_assertion(world, key, signer)))
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert world.get("/jwks").status == 200


@pytest.mark.spec("RFC 8414", "2")
def test_discovery_names_methods_and_algorithms(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    for endpoint in ("token", "introspection", "revocation"):
        assert {SIGNED, MAC} <= set(document[f"{endpoint}_endpoint_auth_methods_supported"])
        algs = document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert set(algs) == {"ES256", "RS256", "PS256", "EdDSA", "HS256"}
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
