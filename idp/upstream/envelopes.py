"""Encrypted envelopes as one integrator of VNeID reports them: AES-ECB under a fresh key that RSA wraps.

ECB with PKCS#7 proves nothing about who made the envelope and can be cut and re-ordered by whoever carries it. So nothing is believed for
having been in one: token and userinfo come over TLS from the provider itself, and each envelope is taken once. Every failure is the same
error, and after a failed unwrapping the second half is done all the same, with a random key: an answer that told which half failed would
let a stranger decrypt what he captured (Bleichenbacher, Vaudenay).
"""

from __future__ import annotations

import os
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.padding import PKCS7

from idp.ports.upstreams import Once, UpstreamRefused
from keys.strict_json import read_object

_PADDINGS: Final[Mapping[str, Callable[[], AsymmetricPadding]]] = MappingProxyType(
    {
        "pkcs1v15": PKCS1v15,
        "oaep-sha1": lambda: OAEP(MGF1(SHA1()), SHA1(), None),  # noqa: S303 - what Java calls OAEPPadding
        "oaep-sha256": lambda: OAEP(MGF1(SHA256()), SHA256(), None),
    }
)
_AES_BYTES: Final = frozenset({16, 24, 32})
_BLOCK_BITS: Final = 128
_LONGEST: Final = 64 * 1024
_SKEW: Final = 300
_MILLISECONDS: Final = 100_000_000_000
"""What is larger is no count of seconds."""


class Envelopes:
    """Opens the envelopes of one provider."""

    def __init__(self, key: RSAPrivateKey, wrapping: str) -> None:
        """Take our private key and the name of the RSA padding."""
        self._key = key
        self._padding = _PADDINGS[wrapping]()

    def open(self, data: str, wrapped: str, once: Once) -> bytes:
        """Return what the envelope holds, once; raises ``UpstreamRefused`` with check ``envelope``, whatever is wrong with it."""
        if len(data) + len(wrapped) > _LONGEST:
            raise UpstreamRefused("envelope")
        try:
            sealed, key = b64decode(data, validate=True), b64decode(wrapped, validate=True)
        except (Error, ValueError):
            raise UpstreamRefused("envelope") from None
        plain = self._decrypted(sealed, self._unwrapped(key))
        if plain is None:
            raise UpstreamRefused("envelope")
        once("envelope", key + sealed)
        return plain

    def open_document(self, body: bytes, once: Once, now: int) -> dict[str, Any]:
        """Return the JSON object in a ``{"data", "key"}`` body; what says when it was made must be fresh."""
        try:
            outer = read_object(body)
        except ValueError:
            raise UpstreamRefused("envelope") from None
        data, key = outer.get("data"), outer.get("key")
        if not isinstance(data, str) or not isinstance(key, str):
            raise UpstreamRefused("envelope")
        try:
            document = read_object(self.open(data, key, once))
        except ValueError:
            raise UpstreamRefused("envelope") from None
        _check_fresh(document, now)
        return document

    def _unwrapped(self, wrapped: bytes) -> bytes:
        try:
            key = self._key.decrypt(wrapped, self._padding)
        except ValueError:
            key = b""
        return key if len(key) in _AES_BYTES else os.urandom(16)

    @staticmethod
    def _decrypted(sealed: bytes, key: bytes) -> bytes | None:
        decryptor = Cipher(AES(key), ECB()).decryptor()  # noqa: S305 - as reported; see the module's first lines
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        try:
            padded = decryptor.update(sealed) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None


def _check_fresh(document: Mapping[str, Any], now: int) -> None:
    """Refuse an envelope that says itself that it is old; the reported formats do not promise that it says anything."""
    for name in ("iat", "timestamp"):
        made = document.get(name)
        if isinstance(made, int) and not isinstance(made, bool):
            seconds = made // 1000 if made > _MILLISECONDS else made
            if abs(now - seconds) > _SKEW:
                raise UpstreamRefused("envelope_age")
    expires = document.get("exp")
    if isinstance(expires, int) and not isinstance(expires, bool) and now > expires + _SKEW:
        raise UpstreamRefused("envelope_age")
