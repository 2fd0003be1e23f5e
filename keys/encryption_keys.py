"""Public keys to which somebody else wants to have things encrypted (RFC 7517 section 4.2, RFC 7518 section 4).

Only chosen and checked here; who encrypts (JWE) is given the checked public members, never the JWK as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from keys import base64url
from keys.errors import InvalidJwk
from keys.jwks import PRIVATE_MEMBERS, Jwk, import_public, key_id, octets

_AGREEMENT: Final = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW")
KEY_TYPES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "RSA-OAEP": frozenset({"RSA"}),
        "RSA-OAEP-256": frozenset({"RSA"}),
        **dict.fromkeys(_AGREEMENT, frozenset({"EC", "OKP"})),
    }
)
"""The key management algorithms that a key can be for, and the ``kty`` that each needs; what is offered is decided elsewhere."""
_CURVES: Final = {"P-256": (SECP256R1, 32), "P-384": (SECP384R1, 48), "P-521": (SECP521R1, 66)}
_OPERATIONS: Final = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})
_X25519_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A public key for encryption; ``algs`` are the key management algorithms that it serves.

    ``jwk`` holds ``kty`` and the public members that were checked, and nothing else that its owner wrote.
    """

    kid: str | None
    algs: frozenset[str]
    jwk: Mapping[str, str]


def is_for_encryption(jwk: Jwk) -> bool:
    """Tell whether a JWK says that it is for encryption alone."""
    return jwk.get("use") == "enc" or (isinstance(jwk.get("alg"), str) and jwk["alg"] in KEY_TYPES)


def may_encrypt(jwk: Jwk) -> bool:
    """Tell whether a JWK says nothing that keeps it from being used for encryption."""
    operations, alg = jwk.get("key_ops"), jwk.get("alg")
    fits_operations = operations is None or (isinstance(operations, list) and _names_one(operations))
    fits_alg = alg is None or (isinstance(alg, str) and alg in KEY_TYPES)
    return jwk.get("use", "enc") == "enc" and fits_alg and fits_operations


def import_encryption_key(jwk: Jwk, field: str = "jwk") -> EncryptionKey:
    """Return a JWK as a key for encryption; raises ``InvalidJwk`` naming the member at fault."""
    if leaked := sorted(PRIVATE_MEMBERS & jwk.keys()):
        reason = "is private key material: register the public key, and replace this one"
        raise InvalidJwk(reason, field=f"{field}.{leaked[0]}", code="private_jwk")
    kty = jwk.get("kty")
    reader = _READERS.get(kty) if isinstance(kty, str) else None
    if reader is None or not isinstance(kty, str):
        raise InvalidJwk(f"must be one of {', '.join(_READERS)}", field=f"{field}.kty")
    members = reader(jwk, field)
    fitting = frozenset(name for name, types in KEY_TYPES.items() if kty in types)
    alg = jwk.get("alg")
    if alg is not None and (not isinstance(alg, str) or alg not in fitting):
        raise InvalidJwk(f"must be one of {', '.join(sorted(fitting))} for this kty", field=f"{field}.alg")
    return EncryptionKey(
        key_id(jwk, field), frozenset({alg}) if alg else fitting, MappingProxyType({"kty": kty, **members})
    )


def _read_rsa(jwk: Jwk, field: str) -> dict[str, str]:
    import_public(jwk, field)
    return {name: jwk[name] for name in ("n", "e")}


def _read_ec(jwk: Jwk, field: str) -> dict[str, str]:
    name = jwk.get("crv")
    if not isinstance(name, str) or name not in _CURVES:
        raise InvalidJwk(f"must be one of {', '.join(_CURVES)}", field=f"{field}.crv")
    curve, size = _CURVES[name]
    x, y = (int.from_bytes(octets(jwk, member, field, exactly=size), "big") for member in ("x", "y"))
    try:
        EllipticCurvePublicNumbers(x, y, curve()).public_key()
    except ValueError as cause:
        # With an off-curve point the sender's ephemeral key would leak bit by bit, were it ever used twice.
        raise InvalidJwk("the point is not on the curve", field=f"{field}.x") from cause
    return {"crv": name, "x": jwk["x"], "y": jwk["y"]}


def _read_okp(jwk: Jwk, field: str) -> dict[str, str]:
    if jwk.get("crv") != "X25519":
        raise InvalidJwk("must be X25519", field=f"{field}.crv")
    raw = octets(jwk, "x", field, exactly=_X25519_BYTES)
    X25519PublicKey.from_public_bytes(raw)
    return {"crv": "X25519", "x": base64url.encode_text(raw)}


_READERS: Final[Mapping[str, Callable[[Jwk, str], dict[str, str]]]] = {
    "RSA": _read_rsa,
    "EC": _read_ec,
    "OKP": _read_okp,
}


def _names_one(operations: Iterable[Any]) -> bool:
    return any(isinstance(one, str) and one in _OPERATIONS for one in operations)
