"""JWK export, thumbprints and import of keys from outside."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from keys import algorithms, base64url
from keys.algorithms import ALGORITHMS
from keys.errors import InvalidJwk
from keys.jwks import export_public, import_key, import_public, thumbprint
from tests.support.jose_vectors import (
    RFC7515_EC,
    RFC7515_RSA,
    RFC7638_RSA,
    RFC7638_THUMBPRINT,
    RFC8037_OKP,
    RFC8037_THUMBPRINT,
)


@pytest.mark.spec("RFC 7638", "3.1")
def test_the_thumbprint_of_the_example_rsa_key() -> None:
    assert thumbprint(RFC7638_RSA) == RFC7638_THUMBPRINT


@pytest.mark.spec("RFC 8037", "A.3")
def test_the_thumbprint_of_the_example_ed25519_key() -> None:
    assert thumbprint(RFC8037_OKP) == RFC8037_THUMBPRINT


@pytest.mark.spec("RFC 7518", "6")
@pytest.mark.parametrize("jwk", [RFC7515_EC, RFC7515_RSA, RFC8037_OKP])
def test_a_key_of_the_specifications_survives_import_and_export(jwk: dict[str, str]) -> None:
    assert export_public(import_public(jwk)) == jwk


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_an_exported_key_has_public_members_only_and_pyjwt_reads_it(alg: str) -> None:
    private = algorithms.generate(alg)
    jwk = export_public(private.public_key())
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & jwk.keys()
    assert jwt.PyJWK({**jwk, "alg": alg}).key == private.public_key()


@pytest.mark.spec("RFC 7518", "6.2.1.2")
def test_short_coordinates_keep_their_leading_zeros() -> None:
    for _ in range(400):
        jwk = export_public(algorithms.generate("ES256").public_key())
        assert len(jwk["x"]) == len(jwk["y"]) == 43


def test_a_key_without_alg_may_verify_each_algorithm_of_its_type() -> None:
    assert import_key(RFC7515_RSA).algs == {"RS256", "PS256"}
    assert import_key({**RFC7515_RSA, "alg": "PS256"}).algs == {"PS256"}
    assert import_key({**RFC7515_EC, "kid": "one"}).kid == "one"


def _big_endian(value: int) -> str:
    return base64url.encode_text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
@pytest.mark.spec("RFC 7518", "3.3")
@pytest.mark.parametrize(
    ("jwk", "change", "field"),
    [
        (RFC7515_RSA, {"n": _big_endian((1 << 2046) + 1)}, "jwk.n"),
        (RFC7515_RSA, {"n": _big_endian((1 << 8192) + 1)}, "jwk.n"),
        (RFC7515_RSA, {"n": _big_endian((1 << 2047) + 2)}, "jwk.n"),
        (RFC7515_RSA, {"n": "AA" + RFC7515_RSA["n"]}, "jwk.n"),
        (RFC7515_RSA, {"n": None}, "jwk.n"),
        (RFC7515_RSA, {"n": RFC7515_RSA["n"] + "="}, "jwk.n"),
        (RFC7515_RSA, {"n": "é"}, "jwk.n"),
        (RFC7515_RSA, {"e": "AQ"}, "jwk.e"),
        (RFC7515_RSA, {"e": "AQAA"}, "jwk.e"),
        (RFC7515_RSA, {"e": RFC7515_RSA["n"]}, "jwk.e"),
        (RFC7515_RSA, {"e": 65537}, "jwk.e"),
        (RFC7515_EC, {"crv": "P-384"}, "jwk.crv"),
        (RFC7515_EC, {"crv": None}, "jwk.crv"),
        (RFC7515_EC, {"x": RFC7515_EC["y"]}, "jwk.x"),
        (RFC7515_EC, {"x": "AQAB"}, "jwk.x"),
        (RFC8037_OKP, {"crv": "X25519"}, "jwk.crv"),
        (RFC8037_OKP, {"x": "AQAB"}, "jwk.x"),
        (RFC7515_EC, {"kty": "oct"}, "jwk.kty"),
        (RFC7515_EC, {"kty": ["EC"]}, "jwk.kty"),
        (RFC7515_EC, {"kty": None}, "jwk.kty"),
        (RFC7515_EC, {"alg": "RS256"}, "jwk.alg"),
        (RFC7515_EC, {"alg": "none"}, "jwk.alg"),
        (RFC7515_RSA, {"alg": "HS256"}, "jwk.alg"),
        (RFC7515_EC, {"alg": ["ES256"]}, "jwk.alg"),
        (RFC7515_EC, {"kid": ""}, "jwk.kid"),
        (RFC7515_EC, {"kid": "x" * 257}, "jwk.kid"),
        (RFC7515_EC, {"kid": 7}, "jwk.kid"),
        (RFC7515_EC, {"kid": "a\nb"}, "jwk.kid"),
        (RFC7515_EC, {"key_ops": ["sign"]}, "jwk.key_ops"),
        (RFC7515_EC, {"key_ops": "verify"}, "jwk.key_ops"),
    ],
)
def test_a_bad_member_is_named(jwk: dict[str, str], change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidJwk) as caught:
        import_key({**jwk, **change})
    assert (caught.value.code, caught.value.field) == ("invalid_jwk", field)


@pytest.mark.parametrize("member", ["d", "p", "k", "oth"])
def test_private_material_is_refused_as_such(member: str) -> None:
    with pytest.raises(InvalidJwk) as caught:
        import_key({**RFC7515_RSA, member: "AQAB"})
    assert (caught.value.code, caught.value.field) == ("private_jwk", f"jwk.{member}")
