"""JSON Web Encryption (RFC 7516), compact form: to a client's key, and with our own. The only importer of joserfc.

A JWE from outside is read by us before the library sees it: one allow-list of algorithms and of header members, bounded, no compression (a small
ciphertext must not become a large plaintext), no key or address of the sender's choosing but the ephemeral key of the agreement. Password-based
key management (PBES2, where the sender would choose how much we compute), RSA1_5 and ``dir`` do not exist here. Whatever fails, fails the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from keys import base64url
from keys.encryption_keys import EncryptionKey as EncryptionKey
from keys.errors import JweRefused
from keys.strict_json import read_object

ALGS: Final = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
"""Key management algorithms, both ways (RFC 7518 section 4.1)."""
ENCS: Final = ("A128CBC-HS256", "A128GCM", "A256GCM")
"""Content encryption algorithms (RFC 7518 section 5.1); the first is the default of OpenID Connect Registration section 2."""
MAX_CHARS: Final = 32_768
NO_KEY: Final = "no key of ours has this id"
"""The operator's reason where looking at newer keys may help."""
_MAX_HEADER: Final = 1024
_SEGMENTS: Final = 5
_MAX_TRIED: Final = 4
_MEMBERS: Final = frozenset({"alg", "enc", "kid", "typ", "cty", "epk", "apu", "apv"})
_REGISTRY: Final = jwe.JWERegistry(algorithms=[*ALGS, *ENCS])
_TYPES: Final[Mapping[str, type[RSAKey | ECKey | OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What was inside, and ``cty`` in upper case without ``application/``: ``JWT`` for a nested token (RFC 7519 section 5.2)."""

    plaintext: bytes
    cty: str


@dataclass(frozen=True, slots=True)
class Algorithms:
    """How something has to be encrypted, where more than the allow-list is demanded: key management, and content encryption."""

    alg: str
    enc: str


class DecryptionKeys:
    """Our private keys for encryption by ``kid``; every key that may still be used by somebody who read an older key set."""

    def __init__(self, keys: Mapping[str, tuple[str, PrivateKey]]) -> None:
        """Take the private keys, each with the one key management algorithm that it is for."""
        self._keys = {kid: (alg, _private(key)) for kid, (alg, key) in keys.items()}

    def decrypt(self, token: str, *, max_chars: int = MAX_CHARS, demanded: Algorithms | None = None) -> Decrypted:
        """Return what is in a JWE to one of our keys; raises ``JweRefused``, always with the same words for the caller.

        Without ``kid`` the few keys of the algorithm are tried: the next, the active and a retired one.
        """
        header = _header(token, max_chars)
        if demanded is not None and (header["alg"], header["enc"]) != (demanded.alg, demanded.enc):
            raise JweRefused("not encrypted as its sender registered")
        fitting = {kid: key for kid, (alg, key) in self._keys.items() if alg == header["alg"]}
        kid = header.get("kid")
        tried = list(fitting.values())[:_MAX_TRIED] if kid is None else [fitting[kid]] if kid in fitting else []
        if not tried:
            raise JweRefused(NO_KEY)
        cty = header.get("cty", "").upper().removeprefix("APPLICATION/")
        for key in tried[:-1]:
            with suppress(JweRefused):
                return Decrypted(_opened(token, key), cty)
        return Decrypted(_opened(token, tried[-1]), cty)


def _opened(token: str, key: RSAKey | ECKey) -> bytes:
    try:
        plaintext = jwe.decrypt_compact(token, key, registry=_REGISTRY).plaintext
    except (JoseError, ValueError, TypeError, KeyError, AssertionError) as error:
        raise JweRefused(f"does not open: {type(error).__name__}") from error
    if plaintext is None:
        raise JweRefused("is empty")
    return plaintext


def encrypt(plaintext: bytes, key: EncryptionKey, alg: str, enc: str, *, cty: str | None = None) -> str:
    """Return a compact JWE of ``plaintext`` to a client's key; raises ``ValueError`` for an algorithm that is not offered."""
    if alg not in ALGS or enc not in ENCS or alg not in key.algs:
        message = "this algorithm is not offered, or not for this key"
        raise ValueError(message)
    header: dict[str, Any] = {"alg": alg, "enc": enc}
    if key.kid is not None:
        header["kid"] = key.kid
    if cty is not None:
        header["cty"] = cty
    public = _TYPES[key.jwk["kty"]].import_key(dict(key.jwk))
    return jwe.encrypt_compact(header, plaintext, public, registry=_REGISTRY)


def is_jwe(token: str) -> bool:
    """Tell whether a token has the form of a compact JWE (RFC 7516 section 9)."""
    return token.count(".") == _SEGMENTS - 1


def _header(token: str, max_chars: int) -> dict[str, Any]:
    """Return the header of a JWE after everything that can be said before decryption was checked."""
    if len(token) > max_chars or not token.isascii():
        raise JweRefused(f"longer than {max_chars} characters, or not ASCII")
    segments = token.encode("ascii").split(b".")
    if len(segments) != _SEGMENTS or len(segments[0]) > _MAX_HEADER:
        raise JweRefused("not five segments, or a long header")
    try:
        for segment in segments:
            base64url.decode(segment)
        header = read_object(base64url.decode(segments[0]))
    except ValueError as cause:
        raise JweRefused("not a compact JWE with a JSON header") from cause
    if unknown := header.keys() - _MEMBERS:
        raise JweRefused(f"the header has {', '.join(sorted(unknown))[:100]}")
    if header.get("alg") not in ALGS or header.get("enc") not in ENCS:
        raise JweRefused("the algorithm is not on the allow-list")
    if not all(isinstance(header.get(name, ""), str) for name in _MEMBERS - {"epk"}):
        raise JweRefused("a header member is not a text")
    return header


def _private(key: PrivateKey) -> RSAKey | ECKey:
    return RSAKey.import_key(key) if isinstance(key, RSAPrivateKey) else ECKey.import_key(key)
