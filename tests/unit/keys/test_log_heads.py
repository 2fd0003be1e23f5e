"""Signed heads: what counts as signed, and what a forger may try."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from keys import base64url
from keys.errors import InvalidJwk
from keys.log_heads import COSIGNATURE, HEAD, Head, HeadRefused, cosign, read_head, sign_head, signers_of, verify_head
from keys.log_keys import ML_DSA, LogSigner, read_keys, thumbprint

CLASSICAL, QUANTUM, WITNESS = (LogSigner.generate(alg) for alg in ("ES256", ML_DSA, "EdDSA"))
KEYS = read_keys({"keys": [CLASSICAL.public_jwk, QUANTUM.public_jwk]})
WITNESSES = read_keys({"keys": [WITNESS.public_jwk]})
HEAD_OF_FIVE = sign_head("https://id.example.vn", 5, b"r" * 32, 1_700_000_000, (CLASSICAL, QUANTUM))


def changed(**payload: Any) -> Head:
    """Return the head with another payload under the same signatures."""
    document = HEAD_OF_FIVE.document()
    said = orjson.loads(base64url.decode(document["payload"].encode()))
    return read_head({**document, "payload": base64url.encode_text(orjson.dumps({**said, **payload}))})


def test_head_says_what_was_signed() -> None:
    head = read_head(orjson.loads(orjson.dumps(HEAD_OF_FIVE.document())))
    verify_head(head, KEYS)
    assert (head.origin, head.size, head.root, head.time) == ("https://id.example.vn", 5, b"r" * 32, 1_700_000_000)


@pytest.mark.parametrize("payload", [{"size": 6}, {"root": "00" * 32}, {"origin": "https://other"}, {"time": 1}])
def test_changed_head_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(HeadRefused, match="does not fit"):
        verify_head(changed(**payload), KEYS)


def test_head_without_the_quantum_safe_signature_is_refused_where_the_log_has_such_a_key() -> None:
    head = sign_head("o", 5, b"r" * 32, 1, (CLASSICAL,))
    verify_head(head, read_keys({"keys": [CLASSICAL.public_jwk]}))
    with pytest.raises(HeadRefused, match=ML_DSA):
        verify_head(head, KEYS)
    with pytest.raises(HeadRefused, match="no signature"):
        verify_head(sign_head("o", 5, b"r" * 32, 1, (QUANTUM,)), KEYS)


def test_witness_signs_the_same_octets_and_is_no_log() -> None:
    document = HEAD_OF_FIVE.document()
    document["signatures"].append(cosign(HEAD_OF_FIVE, WITNESS, 9))
    head = read_head(document)
    assert signers_of(head, WITNESSES, COSIGNATURE) == {WITNESS.kid}
    assert signers_of(head, WITNESSES, HEAD) == set()
    assert signers_of(head, KEYS, COSIGNATURE) == set()
    alone = read_head({**document, "signatures": document["signatures"][2:]})
    with pytest.raises(HeadRefused):
        verify_head(alone, {**KEYS, **WITNESSES})


def test_signature_under_another_algorithm_is_refused() -> None:
    document = HEAD_OF_FIVE.document()
    header = base64url.encode_text(orjson.dumps({"alg": "EdDSA", "kid": CLASSICAL.kid, "typ": HEAD}))
    document["signatures"][0]["protected"] = header
    with pytest.raises(HeadRefused, match="another algorithm"):
        verify_head(read_head(document), KEYS)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"payload": "e30", "signatures": []},
        {"payload": "!", "signatures": []},
        {**HEAD_OF_FIVE.document(), "signatures": "x"},
        {**HEAD_OF_FIVE.document(), "signatures": [{}]},
        {**HEAD_OF_FIVE.document(), "signatures": HEAD_OF_FIVE.document()["signatures"] * 40},
    ],
)
def test_what_is_no_head_is_refused_and_no_crash(document: Any) -> None:
    with pytest.raises(HeadRefused):
        read_head(document)


@pytest.mark.parametrize("payload", [{"size": True}, {"size": -1}, {"size": 1 << 62}, {"root": "00"}, {"origin": 7}])
def test_head_out_of_bounds_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(HeadRefused):
        changed(**payload)


@pytest.mark.parametrize("signature", [{"protected": "e30", "signature": "!"}, {"protected": "AA", "signature": ""}])
def test_malformed_signature_is_refused(signature: dict[str, str]) -> None:
    document = {**HEAD_OF_FIVE.document(), "signatures": [signature]}
    with pytest.raises(HeadRefused):
        verify_head(read_head(document), KEYS)


@pytest.mark.spec("RFC 9964", "3")
def test_ml_dsa_key_is_an_akp_whose_thumbprint_covers_its_algorithm() -> None:
    jwk = QUANTUM.public_jwk
    assert (jwk["kty"], jwk["alg"], sorted(jwk)) == ("AKP", ML_DSA, ["alg", "kty", "pub"])
    assert QUANTUM.kid == thumbprint(jwk) == thumbprint({**jwk, "kid": "x", "use": "sig"})
    assert thumbprint({**jwk, "alg": "ML-DSA-87"}) != QUANTUM.kid


@pytest.mark.spec("RFC 9964", "4")
def test_ml_dsa_signature_is_that_of_the_jws_signing_input() -> None:
    entry = QUANTUM.sign(b"payload", {"typ": HEAD})
    message = entry["protected"].encode() + b"." + base64url.encode(b"payload")
    signature = base64url.decode(entry["signature"].encode())
    assert orjson.loads(base64url.decode(entry["protected"].encode()))["alg"] == ML_DSA
    assert KEYS[QUANTUM.kid].verify(message, signature)
    assert not KEYS[QUANTUM.kid].verify(message + b"x", signature)
    assert not KEYS[QUANTUM.kid].verify(message, signature[:-1])


def test_private_key_comes_back_from_its_octets() -> None:
    for signer in (CLASSICAL, QUANTUM, WITNESS):
        assert LogSigner.from_der(signer.alg, signer.to_der()).kid == signer.kid
        assert signer.to_der().hex() not in repr(signer)
    with pytest.raises(TypeError):
        LogSigner.from_der(ML_DSA, CLASSICAL.to_der())


BAD_KEYS: list[Any] = [
    None,
    {},
    {"keys": []},
    {"keys": ["x"]},
    {"keys": [{"kty": "oct", "k": "AA"}]},
    {"keys": [{**QUANTUM.public_jwk, "alg": "ML-DSA-44"}]},
    {"keys": [{**QUANTUM.public_jwk, "pub": "AA"}]},
    {"keys": [{**QUANTUM.public_jwk, "priv": "AA"}]},
    {"keys": [{**CLASSICAL.public_jwk, "alg": "RS256"}]},
]


@pytest.mark.parametrize("document", BAD_KEYS)
def test_key_set_that_cannot_be_read_is_refused(document: Any) -> None:
    with pytest.raises(InvalidJwk):
        read_keys(document)


def test_key_goes_by_its_thumbprint_whatever_it_calls_itself() -> None:
    assert set(read_keys({"keys": [{**CLASSICAL.public_jwk, "kid": "mine"}]})) == {CLASSICAL.kid}
