"""The mint, checked by PyJWT, which shares no code with it."""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from keys import algorithms, base64url
from keys.algorithms import ALGORITHMS, PrivateKey
from keys.signer import ACCESS_TOKEN, Signer
from tests.support.jose_vectors import RFC8037_PRIVATE, RFC8037_SIGNATURE, RFC8037_SIGNED

PRIVATE: dict[str, PrivateKey] = {alg: algorithms.generate(alg) for alg in ALGORITHMS}
SIGNERS = {alg: Signer(f"kid-{alg}", alg, private) for alg, private in PRIVATE.items()}
CLAIMS = {
    "iss": "https://id.example.vn",
    "sub": "người dùng",
    "aud": ["a", "b"],
    "exp": 4_000_000_000,
    "nested": {"x": None},
}


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "logout+jwt", "token-introspection+jwt"])
def test_pyjwt_verifies_what_we_sign(alg: str, typ: str) -> None:
    token = SIGNERS[alg].sign(CLAIMS, typ)
    whole = jwt.decode_complete(token, PRIVATE[alg].public_key(), algorithms=[alg], audience="a")
    assert whole["payload"] == CLAIMS
    assert whole["header"] == {"alg": alg, "kid": f"kid-{alg}", "typ": typ}


@pytest.mark.parametrize("alg", ["RS256", "EdDSA"])
def test_a_deterministic_signature_is_the_one_of_pyjwt_byte_for_byte(alg: str) -> None:
    ours = SIGNERS[alg].sign(CLAIMS, ACCESS_TOKEN)
    signed, _, signature = ours.rpartition(".")
    reference = jwt.get_algorithm_by_name(alg)
    assert base64url.decode(signature.encode()) == reference.sign(signed.encode(), reference.prepare_key(PRIVATE[alg]))
    header, payload = (base64url.decode(part.encode()) for part in signed.split("."))
    assert header == json.dumps({"alg": alg, "kid": f"kid-{alg}", "typ": ACCESS_TOKEN}, separators=(",", ":")).encode()
    assert payload == json.dumps(CLAIMS, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.spec("RFC 8037", "A.4")
def test_the_ed25519_example_is_signed_to_the_same_bytes() -> None:
    private = Ed25519PrivateKey.from_private_bytes(base64url.decode(RFC8037_PRIVATE.encode()))
    assert base64url.encode(ALGORITHMS["EdDSA"].signer(private)(RFC8037_SIGNED)) == RFC8037_SIGNATURE


@pytest.mark.spec("RFC 7518", "3.4")
def test_an_es256_signature_is_always_64_bytes_whatever_the_integers_are() -> None:
    verify = ALGORITHMS["ES256"].verify
    for number in range(600):
        token = SIGNERS["ES256"].sign({"n": number}, "JWT").encode()
        signed, _, signature = token.rpartition(b".")
        raw = base64url.decode(signature)
        assert len(raw) == 64
        assert verify(signed, PRIVATE["ES256"].public_key(), raw)


@pytest.mark.spec("RFC 7518", "3.4")
@given(st.integers(1, 2**256 - 1), st.integers(1, 2**256 - 1))
def test_short_and_long_integers_of_a_der_signature_are_framed_right(r: int, s: int) -> None:
    class Fixed:
        """Signs with the integers at hand; passes for a P-256 key."""

        curve = PRIVATE["ES256"].curve if isinstance(PRIVATE["ES256"], EllipticCurvePrivateKey) else None
        __class__ = EllipticCurvePrivateKey  # type: ignore[assignment]

        def sign(self, _message: bytes, _scheme: object) -> bytes:
            return encode_dss_signature(r, s)

    raw = ALGORITHMS["ES256"].signer(Fixed())(b"")  # type: ignore[arg-type]
    assert raw == r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize(
    ("alg", "other"), [("ES256", "RS256"), ("RS256", "ES256"), ("PS256", "EdDSA"), ("EdDSA", "ES256")]
)
def test_a_key_of_another_type_is_refused(alg: str, other: str) -> None:
    with pytest.raises(TypeError):
        Signer("kid", alg, PRIVATE[other])


def test_the_private_key_does_not_show_in_a_representation() -> None:
    assert repr(SIGNERS["ES256"]) == "Signer(kid='kid-ES256', alg='ES256')"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_private_key_survives_export_and_import(alg: str) -> None:
    der = algorithms.export_private(PRIVATE[alg])
    assert algorithms.import_private(der).public_key() == PRIVATE[alg].public_key()


@pytest.mark.spec("RFC 8725", "3.5")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_our_rsa_keys_have_at_least_2048_bits() -> None:
    assert PRIVATE["RS256"].public_key().key_size >= 2048  # type: ignore[union-attr]
