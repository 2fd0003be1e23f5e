"""A relying party that has things encrypted to it, and encrypts to the provider; by joserfc, as its users would."""

from __future__ import annotations

from typing import Any

import orjson
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

ALL_ALGS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ALL_ENCS = ("A128CBC-HS256", "A128GCM", "A256GCM")
RSA = RSAKey.generate_key(2048, {"kid": "r1", "use": "enc"}, auto_kid=False)
EC = ECKey.generate_key("P-256", {"kid": "e1", "use": "enc"}, auto_kid=False)
X25519 = OKPKey.generate_key("X25519", {"kid": "x1", "use": "enc"}, auto_kid=False)


def key_set(*keys: RSAKey | ECKey | OKPKey) -> dict[str, Any]:
    """Return the public key set of a party."""
    return {"keys": [key.as_dict(private=False) for key in keys or (RSA, EC)]}


def opened(token: str, *keys: RSAKey | ECKey | OKPKey) -> tuple[dict[str, Any], bytes]:
    """Return the header and what is inside, by the key that the header names."""
    header = header_of(token)
    [key] = [one for one in keys or (RSA, EC, X25519) if one.kid == header["kid"]]
    found = jwe.decrypt_compact(token, key, algorithms=[header["alg"], header["enc"]])
    assert found.plaintext is not None
    return header, found.plaintext


def header_of(token: str) -> dict[str, Any]:
    """Return the protected header of a token, unverified."""
    header: dict[str, Any] = orjson.loads(urlsafe_b64decode(token.split(".", maxsplit=1)[0].encode()))
    return header


def sealed(jwks: dict[str, Any], plaintext: bytes, alg: str, enc: str = "A128GCM", **header: Any) -> str:
    """Encrypt to the provider by the first of its published keys that fits."""
    kty = "RSA" if alg.startswith("RSA") else "EC"
    [published, *_] = [one for one in jwks["keys"] if one["use"] == "enc" and one["alg"] == alg]
    key = (RSAKey if kty == "RSA" else ECKey).import_key(published)
    values = {"alg": alg, "enc": enc, "kid": published["kid"], **header}
    names = {name: value for name, value in values.items() if value is not None}
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"], strict_check_header=False)
    return jwe.encrypt_compact(names, plaintext, key, registry=registry)
