"""JWK sets of clients."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from keys.errors import InvalidJwk, UnknownKey
from keys.keyset import import_jwks, read_jwks
from tests.support.jose_vectors import RFC7515_EC, RFC7515_RSA, RFC7638_RSA, RFC8037_OKP

EC = {**RFC7515_EC, "kid": "ec"}


def test_a_key_is_found_by_its_id() -> None:
    keys = import_jwks({"keys": [EC, RFC7638_RSA]})
    assert [key.kid for key in keys.candidates("2011-04-29", "RS256")] == ["2011-04-29"]


def test_without_an_id_the_keys_of_the_algorithm_are_candidates() -> None:
    keys = import_jwks({"keys": [EC, RFC7638_RSA, RFC7515_RSA, RFC8037_OKP]})
    assert [key.kid for key in keys.candidates(None, "RS256")] == ["2011-04-29", None]


def test_the_candidates_without_an_id_are_few() -> None:
    keys = import_jwks({"keys": [{**RFC7515_EC, "kid": str(number)} for number in range(20)]})
    assert len(keys.candidates(None, "ES256")) == 4


@pytest.mark.parametrize(("kid", "alg"), [("other", "ES256"), (None, "RS256"), (None, "none")])
def test_no_candidate_is_an_unknown_key(kid: str | None, alg: str) -> None:
    with pytest.raises(UnknownKey):
        import_jwks({"keys": [EC]}).candidates(kid, alg)


@pytest.mark.spec("RFC 7517", "4.2")
def test_keys_are_told_apart_by_their_use() -> None:
    keys = import_jwks({"keys": [EC, {**RFC7515_EC, "use": "enc", "kid": "e"}, {**RFC7515_RSA, "alg": "RSA-OAEP"}]})
    assert [key.kid for key in keys.keys] == ["ec"]
    assert keys.for_encryption("ECDH-ES").kid == "e"
    assert keys.for_encryption("RSA-OAEP").jwk == {name: RFC7515_RSA[name] for name in ("kty", "n", "e")}
    with pytest.raises(UnknownKey):
        keys.for_encryption("RSA-OAEP-256")


def test_a_key_that_does_not_say_what_it_is_for_serves_both_and_after_those_that_do() -> None:
    keys = import_jwks({"keys": [EC, {**RFC7515_EC, "use": "enc", "kid": "e"}, {**RFC7515_EC, "use": "sig"}]})
    assert [key.kid for key in keys.encryption] == ["e", "ec"]
    assert len(keys.keys) == 2


@pytest.mark.spec("RFC 7517", "4.3")
def test_a_key_whose_operations_exclude_encryption_is_not_encrypted_to() -> None:
    keys = import_jwks({"keys": [{**EC, "key_ops": ["verify"]}]})
    assert (len(keys.keys), keys.encryption) == (1, ())


def test_a_set_of_encryption_keys_alone_verifies_nothing() -> None:
    keys = import_jwks({"keys": [{**EC, "use": "enc"}]})
    with pytest.raises(UnknownKey):
        keys.candidates("ec", "ES256")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "jwks.keys"),
        ({"keys": {}}, "jwks.keys"),
        ({"keys": []}, "jwks.keys"),
        ({"keys": [EC] * 2}, "jwks.keys"),
        ({"keys": [{**EC, "kid": str(number)} for number in range(33)]}, "jwks.keys"),
        ({"keys": [EC, "x"]}, "jwks.keys[1]"),
        ({"keys": [EC, {"kty": "oct", "use": "sig"}]}, "jwks.keys[1].kty"),
        ({"keys": [{**EC, "use": "other"}]}, "jwks.keys"),
        ({"keys": [EC, {"kty": "EC", "use": "enc"}]}, "jwks.keys[1].crv"),
        ({"keys": [EC, {**RFC8037_OKP, "use": "enc"}]}, "jwks.keys[1].crv"),
        ({"keys": [EC, {**RFC7515_EC, "use": "enc", "y": RFC7515_EC["x"]}]}, "jwks.keys[1].x"),
        ({"keys": [EC, {**RFC7515_RSA, "use": "enc", "alg": "RSA1_5"}]}, "jwks.keys[1].alg"),
        ({"keys": [EC, {**RFC7515_RSA, "use": "enc", "d": "AQAB"}]}, "jwks.keys[1].d"),
    ],
)
def test_a_registration_learns_what_is_wrong(document: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidJwk) as caught:
        import_jwks(document)
    assert caught.value.field == field


@pytest.mark.spec("RFC 7517", "5")
def test_a_fetched_set_may_hold_keys_that_we_do_not_know() -> None:
    strange = [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {**EC, "alg": ["ES256"]},
        {**EC, "alg": {}, "use": "enc"},
    ]
    body = orjson.dumps({"keys": [*strange, EC], "next": 1})
    assert [key.kid for key in read_jwks(body).keys] == ["ec"]


@pytest.mark.spec("OIDC Registration", "2")
def test_private_material_is_an_error_even_in_a_fetched_set() -> None:
    with pytest.raises(InvalidJwk) as caught:
        read_jwks(orjson.dumps({"keys": [EC, {**RFC7515_RSA, "d": "AQAB"}]}))
    assert caught.value.code == "private_jwk"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"keys":[],"keys":[]}', b'{"keys":"' + b"x" * 65_536 + b'"}']
)
def test_a_fetched_body_that_is_no_key_set_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJwk):
        read_jwks(body)


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.3")
def test_of_fetched_keys_with_one_id_the_algorithm_tells_which_is_meant() -> None:
    twins = {"keys": [{**EC, "kid": "twin"}, {**RFC7638_RSA, "kid": "twin", "alg": "RS256"}, {**EC, "kid": "other"}]}
    keys = read_jwks(orjson.dumps(twins))
    assert [sorted(key.algs) for key in keys.candidates("twin", "RS256")] == [["RS256"]]
    assert [sorted(key.algs) for key in keys.candidates("twin", "ES256")] == [["ES256"]]
    assert [key.kid for key in keys.candidates("other", "ES256")] == ["other"]
    with pytest.raises(UnknownKey):
        keys.candidates("twin", "EdDSA")
    many = read_jwks(orjson.dumps({"keys": [{**EC, "kid": "twin"}] * 9}))
    assert len(many.candidates("twin", "ES256")) == 4
    with pytest.raises(InvalidJwk):
        import_jwks(twins, lenient=True)
