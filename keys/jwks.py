"""Public JSON Web Keys: export, thumbprints, and the import of what clients register (RFC 7517, 7518, 7638, 8037).

Only public members ever leave here, because the exporter is given public keys. What comes in is checked member by
member, since a client's key set is an attacker's chance to choose our parser's input.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys import base64url
from keys.algorithms import ALGORITHMS, PublicKey
from keys.errors import InvalidJwk

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
"""A larger modulus would let a client make our verification arbitrarily slow."""
MAX_KEYS = 32
MAX_DOCUMENT_BYTES = 65_536
_COORDINATE_BYTES = 32
_MIN_EXPONENT = 3
_MAX_EXPONENT_BYTES = 8
_MAX_KID = 256
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Of any key type (RFC 7518 section 6)."""
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_PRINTABLE = re.compile(r"[\x21-\x7e]+")

Jwk = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key with the algorithms that it may verify; ``kid`` is None when its owner gave none."""

    kid: str | None
    algs: frozenset[str]
    public: PublicKey


def export_public(public: PublicKey) -> dict[str, str]:
    """Return the key's own JWK members.

    Without ``kid``, ``use`` and ``alg`` (RFC 7518 section 6, RFC 8037 section 2).
    """
    if isinstance(public, EllipticCurvePublicKey):
        point = public.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _coordinate(point.x), "y": _coordinate(point.y)}
    if isinstance(public, Ed25519PublicKey):
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode_text(raw)}
    numbers = public.public_numbers()
    return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}


def thumbprint(jwk: Jwk) -> str:
    """Return the SHA-256 thumbprint of a JWK in base64url (RFC 7638 section 3, RFC 8037 section 2)."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    digest = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()
    return base64url.encode_text(digest)


def import_public(jwk: Jwk, field: str = "jwk") -> PublicKey:
    """Return the public key of a JWK; raises ``InvalidJwk`` naming the member, with ``field`` in front."""
    if leaked := sorted(PRIVATE_MEMBERS & jwk.keys()):
        reason = "is private key material: register the public key, and replace this one"
        raise InvalidJwk(reason, field=f"{field}.{leaked[0]}", code="private_jwk")
    reader = _READERS.get(jwk.get("kty", "")) if isinstance(jwk.get("kty"), str) else None
    if reader is None:
        raise InvalidJwk(f"must be one of {', '.join(_READERS)}", field=f"{field}.kty")
    return reader(jwk, field)


def import_key(jwk: Jwk, field: str = "jwk") -> VerificationKey:
    """Return a client's JWK as a verification key; raises ``InvalidJwk``.

    Without ``alg`` a key may verify every algorithm of its type. ``x5c`` and its like are not read: trust comes from
    the registration.
    """
    public = import_public(jwk, field)
    fitting = frozenset(row.name for row in ALGORITHMS.values() if row.kty == jwk["kty"])
    alg = jwk.get("alg")
    if alg is not None and (not isinstance(alg, str) or alg not in fitting):
        raise InvalidJwk(f"must be one of {', '.join(sorted(fitting))} for this kty", field=f"{field}.alg")
    operations = jwk.get("key_ops")
    if operations is not None and (not isinstance(operations, list) or "verify" not in operations):
        raise InvalidJwk("must contain verify", field=f"{field}.key_ops")
    return VerificationKey(key_id(jwk, field), frozenset({alg}) if alg else fitting, public)


def key_id(jwk: Jwk, field: str) -> str | None:
    """Return the ``kid`` of a JWK, None where it has none; raises ``InvalidJwk``."""
    kid = jwk.get("kid")
    if kid is None:
        return None
    if not isinstance(kid, str) or len(kid) > _MAX_KID or not _PRINTABLE.fullmatch(kid):
        raise InvalidJwk(f"must be 1 to {_MAX_KID} printable ASCII characters", field=f"{field}.kid")
    return kid


def _read_ec(jwk: Jwk, field: str) -> PublicKey:
    if jwk.get("crv") != "P-256":
        raise InvalidJwk("must be P-256", field=f"{field}.crv")
    x, y = (int.from_bytes(octets(jwk, name, field, exactly=_COORDINATE_BYTES), "big") for name in ("x", "y"))
    try:
        return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    except ValueError as cause:
        # An off-curve point is how invalid-curve attacks begin.
        raise InvalidJwk("the point is not on the curve", field=f"{field}.x") from cause


def _read_rsa(jwk: Jwk, field: str) -> PublicKey:
    modulus = int.from_bytes(octets(jwk, "n", field), "big")
    exponent = int.from_bytes(octets(jwk, "e", field), "big")
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or modulus % 2 == 0:
        raise InvalidJwk(f"must be an odd modulus of {MIN_RSA_BITS} to {MAX_RSA_BITS} bits", field=f"{field}.n")
    if exponent < _MIN_EXPONENT or exponent % 2 == 0 or exponent >= 1 << 8 * _MAX_EXPONENT_BYTES:
        raise InvalidJwk("must be an odd exponent from 3 to 64 bits", field=f"{field}.e")
    try:
        return RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as cause:
        raise InvalidJwk("is not an RSA public key", field=f"{field}.n") from cause


def _read_okp(jwk: Jwk, field: str) -> PublicKey:
    if jwk.get("crv") != "Ed25519":
        raise InvalidJwk("must be Ed25519", field=f"{field}.crv")
    raw = octets(jwk, "x", field, exactly=_COORDINATE_BYTES)
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as cause:
        raise InvalidJwk("is not an Ed25519 public key", field=f"{field}.x") from cause


_READERS: Mapping[str, Callable[[Jwk, str], PublicKey]] = {"EC": _read_ec, "RSA": _read_rsa, "OKP": _read_okp}


def octets(jwk: Jwk, name: str, field: str, exactly: int | None = None) -> bytes:
    """Return a base64url member, of a fixed length or a positive integer; raises ``InvalidJwk``."""
    value = jwk.get(name)
    try:
        found = base64url.decode(value.encode("ascii")) if isinstance(value, str) else b""
    except ValueError as cause:
        raise InvalidJwk("must be base64url without padding", field=f"{field}.{name}") from cause
    if exactly is not None and len(found) != exactly:
        raise InvalidJwk(f"must be {exactly} bytes in base64url", field=f"{field}.{name}")
    # Integers have no leading zero found (RFC 7518 section 2, Base64urlUInt): one key must have one thumbprint.
    if exactly is None and (not found or found[0] == 0):
        raise InvalidJwk("must be a positive integer in base64url without leading zeros", field=f"{field}.{name}")
    return found


def _coordinate(value: int) -> str:
    return base64url.encode_text(value.to_bytes(_COORDINATE_BYTES, "big"))


def _integer(value: int) -> str:
    return base64url.encode_text(value.to_bytes((value.bit_length() + 7) // 8, "big"))
