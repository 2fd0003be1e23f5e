"""ID tokens and userinfo encrypted to the client's registered key, signed within."""

from __future__ import annotations

import orjson
import pytest

from clients.documents import to_metadata
from clients.errors import RegistrationRefused
from idp.model.session import Session
from tests.support.encryption_party import ALL_ALGS, ALL_ENCS, EC, RSA, X25519, key_set, opened
from tests.support.token_world import TokenWorld


@pytest.mark.spec("OIDC Core", "2")
@pytest.mark.spec("OIDC Core", "10.2")
@pytest.mark.parametrize("enc", ALL_ENCS)
@pytest.mark.parametrize("alg", ALL_ALGS)
def test_id_token_is_signed_then_encrypted_with_what_was_registered(
    world: TokenWorld, session: Session, alg: str, enc: str
) -> None:
    portal = world.add_client(jwks=key_set(), id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc)
    header, inner = opened(world.tokens(portal, session)["id_token"])
    assert (header["alg"], header["enc"], header["cty"]) == (alg, enc, "JWT")
    assert "zip" not in header
    claims = world.verified(inner.decode())
    assert claims["aud"] == portal.client.client_id


@pytest.mark.spec("OIDC Registration", "2")
def test_content_encryption_is_a128cbc_hs256_where_none_is_named(world: TokenWorld, session: Session) -> None:
    portal = world.add_client(jwks=key_set(X25519), id_token_encrypted_response_alg="ECDH-ES")
    assert portal.client.id_token_encrypted_response_enc == "A128CBC-HS256"
    header, _ = opened(world.tokens(portal, session)["id_token"])
    assert header["enc"] == "A128CBC-HS256"


@pytest.mark.spec("OIDC Core", "16.14")
@pytest.mark.spec("OIDC Core", "5.3.2")
def test_userinfo_is_encrypted_alone_or_nested(world: TokenWorld, session: Session) -> None:
    alone = world.add_client(jwks=key_set(), userinfo_encrypted_response_alg="ECDH-ES")
    both = world.add_client(
        jwks=key_set(), userinfo_encrypted_response_alg="RSA-OAEP-256", userinfo_signed_response_alg="ES256"
    )
    answer = world.userinfo(world.tokens(alone, session)["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    header, inner = opened(answer.body.decode())
    assert "cty" not in header
    assert orjson.loads(inner)["email"] == "mau@example.vn"
    header, inner = opened(world.userinfo(world.tokens(both, session)["access_token"]).body.decode())
    assert header["cty"] == "JWT"
    assert world.verified(inner.decode(), required="iss")["aud"] == both.client.client_id


def test_refreshed_id_token_is_encrypted_too(world: TokenWorld, session: Session) -> None:
    portal = world.add_client(jwks=key_set(), id_token_encrypted_response_alg="ECDH-ES+A256KW")
    tokens = world.tokens(portal, session)
    _, inner = opened(world.refresh(portal, tokens["refresh_token"]).json["id_token"])
    assert world.verified(inner.decode())["aud"] == portal.client.client_id


def test_key_that_cannot_be_read_costs_the_client_no_code(world: TokenWorld, session: Session) -> None:
    portal = world.add_client(jwks_uri="https://127.0.0.1/keys", id_token_encrypted_response_alg="ECDH-ES")
    code = world.code(portal, session)
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (500, "server_error")
    world.wiring.clients.update(
        portal.client.client_id,
        {**shown(world, portal.client.client_id), "jwks": key_set(), "jwks_uri": None},
    )
    assert world.redeem(portal, code).status == 200


def shown(world: TokenWorld, client_id: str) -> dict[str, object]:
    return to_metadata(world.wiring.clients.known(client_id))


@pytest.mark.spec("RFC 9701", "6")
@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"id_token_encrypted_response_enc": "A128GCM", "jwks": key_set()}, "inconsistent"),
        ({"introspection_encrypted_response_enc": "A128GCM", "jwks": key_set()}, "inconsistent"),
        ({"id_token_encrypted_response_alg": "ECDH-ES"}, "no_key"),
        ({"userinfo_encrypted_response_alg": "RSA-OAEP-256", "jwks": key_set(EC)}, "no_key"),
        ({"introspection_encrypted_response_alg": "ECDH-ES", "jwks": key_set(RSA)}, "no_key"),
        ({"id_token_encrypted_response_alg": "RSA1_5", "jwks": key_set()}, "not_supported"),
        ({"id_token_encrypted_response_alg": "dir", "jwks": key_set()}, "not_supported"),
        ({"id_token_encrypted_response_alg": "PBES2-HS256+A128KW", "jwks": key_set()}, "not_supported"),
        ({"id_token_encrypted_response_alg": "none", "jwks": key_set()}, "not_supported"),
    ],
)
def test_encryption_that_cannot_be_done_does_not_register(
    world: TokenWorld, metadata: dict[str, object], reason: str
) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        world.add_client(**metadata)
    assert {fault.reason for fault in refused.value.errors} == {reason}


@pytest.mark.spec("OIDC Discovery", "3")
def test_discovery_lists_what_registers(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    for answer in ("id_token", "userinfo", "introspection"):
        assert document[f"{answer}_encryption_alg_values_supported"] == list(ALL_ALGS)
        assert document[f"{answer}_encryption_enc_values_supported"] == list(ALL_ENCS)
