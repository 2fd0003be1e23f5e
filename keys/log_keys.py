"""Keys of the audit log and of its witnesses: ES256 and EdDSA (RFC 7518, RFC 8037) and ML-DSA-65 (RFC 9964), apart from the keys that sign tokens.

ML-DSA-65 holds where a quantum computer forges the others: a log has to convince people for as long as its archive is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from keys import base64url, jwks
from keys.algorithms import ALGORITHMS, PublicKey
from keys.errors import InvalidJwk

ML_DSA: Final = "ML-DSA-65"
CLASSICAL: Final = ("ES256", "EdDSA")
_ML_DSA_BYTES: Final = 1952
_MAX_KEYS: Final = 64

AnyPublic = PublicKey | MLDSA65PublicKey


class LogSigner:
    """A private key of a log or a witness, ready to sign."""

    __slots__ = ("_private", "_sign", "alg", "kid", "public_jwk")

    def __init__(self, alg: str, private: Any) -> None:
        """Take a private key that fits ``alg``; raises ``TypeError`` for another."""
        self.alg = alg
        self._private = private
        if alg == ML_DSA:
            if not isinstance(private, MLDSA65PrivateKey):
                message = f"{ML_DSA} signs with a key of its own"
                raise TypeError(message)
            self._sign: Callable[[bytes], bytes] = private.sign
            pub = base64url.encode_text(private.public_key().public_bytes_raw())
            self.public_jwk: Mapping[str, str] = {"kty": "AKP", "alg": ML_DSA, "pub": pub}
        else:
            self._sign = ALGORITHMS[alg].signer(private)
            self.public_jwk = {**jwks.export_public(private.public_key()), "alg": alg}
        self.kid = thumbprint(self.public_jwk)

    def __repr__(self) -> str:
        """Show the key id, never the key."""
        return f"LogSigner(kid={self.kid!r}, alg={self.alg!r})"

    @classmethod
    def generate(cls, alg: str) -> LogSigner:
        """Return a new key; raises ``UnsupportedAlgorithm`` where OpenSSL knows no ML-DSA."""
        return cls(alg, MLDSA65PrivateKey.generate() if alg == ML_DSA else ALGORITHMS[alg].generate())

    @classmethod
    def from_der(cls, alg: str, der: bytes) -> LogSigner:
        """Return the key of our own PKCS #8."""
        return cls(alg, load_der_private_key(der, None))

    def to_der(self) -> bytes:
        """Return the private key as PKCS #8, to be sealed or written to a file that only its owner can read."""
        der: bytes = self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return der

    def sign(self, payload: bytes, header: Mapping[str, Any]) -> dict[str, str]:
        """Return one entry of the ``signatures`` of a JWS in JSON (RFC 7515 section 7.2.1) over ``payload``."""
        protected = base64url.encode(orjson.dumps({"alg": self.alg, "kid": self.kid, **header}))
        signature = self._sign(protected + b"." + base64url.encode(payload))
        return {"protected": protected.decode(), "signature": base64url.encode_text(signature)}


@dataclass(frozen=True, slots=True)
class LogVerifier:
    """A public key that somebody trusts, or that a bundle only claims to be the log's."""

    kid: str
    alg: str
    public: AnyPublic

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` over ``message`` is by the holder of the key; False, never an error, for damaged ones."""
        if not isinstance(self.public, MLDSA65PublicKey):
            return ALGORITHMS[self.alg].verify(message, self.public, signature)
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def has_ml_dsa() -> bool:
    """Tell whether this machine's OpenSSL knows ML-DSA."""
    try:
        MLDSA65PrivateKey.generate()
    except UnsupportedAlgorithm:
        return False
    return True


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a JWK (RFC 7638); for an AKP its ``alg`` counts (RFC 9964)."""
    if jwk.get("kty") != "AKP":
        return jwks.thumbprint(jwk)
    members = {name: jwk[name] for name in ("alg", "kty", "pub")}
    return base64url.encode_text(hashlib.sha256(orjson.dumps(members)).digest())


def read_keys(document: Any) -> dict[str, LogVerifier]:
    """Return the keys of a JWK set by their thumbprints, whatever ``kid`` they bring; raises ``InvalidJwk``."""
    found = document.get("keys") if isinstance(document, dict) else None
    if (
        not isinstance(found, list)
        or not 0 < len(found) <= _MAX_KEYS
        or not all(isinstance(one, dict) for one in found)
    ):
        raise InvalidJwk("must be a JWK set with at least one key", field="keys")
    read = [_read(one, f"keys[{number}]") for number, one in enumerate(found)]
    return {one.kid: one for one in read}


def _read(jwk: Mapping[str, Any], field: str) -> LogVerifier:
    if jwk.get("kty") == "AKP":
        if jwk.get("alg") != ML_DSA or "priv" in jwk:
            raise InvalidJwk(f"must be a public {ML_DSA} key", field=f"{field}.alg")
        raw = jwks.octets(jwk, "pub", field, exactly=_ML_DSA_BYTES)
        return LogVerifier(thumbprint(jwk), ML_DSA, MLDSA65PublicKey.from_public_bytes(raw))
    public = jwks.import_public(jwk, field)
    alg = {"EC": "ES256", "OKP": "EdDSA"}.get(str(jwk.get("kty")))
    if alg is None or jwk.get("alg", alg) != alg:
        raise InvalidJwk(f"must be one of {', '.join(CLASSICAL)}, {ML_DSA}", field=f"{field}.alg")
    return LogVerifier(thumbprint(jwk), alg, public)
