"""Sealing at rest: one master key in a file, random data keys wrapped by it, values sealed by the data keys.

The master key never seals a value itself, so it can be moved (to a file of another host, later to an HSM) by
re-wrapping a handful of data keys. Sealed form: ``version (1) | data key id (4) | nonce (12) | AES-256-GCM ciphertext
and tag``; the header and the caller's associated data are authenticated.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.errors import MasterKeyMismatch, SealBroken

KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SEAL_VERSION = b"\x01"
_WRAP_VERSION = b"\x01"
_HEADER_BYTES = 1 + _ID_BYTES
_BODY_AT = _HEADER_BYTES + _NONCE_BYTES
_CONTEXT = b"dinhdanh/keys/1/"

Random = Callable[[int], bytes]


def derive(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Return a key of ``length`` bytes for ``purpose`` (HKDF-SHA-256, RFC 5869).

    Other purposes tell nothing about it.
    """
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=_CONTEXT + purpose.encode()).derive(secret)


class DataKey:
    """A random key of one deployment for one purpose; its ``id`` stands in the header of what it sealed."""

    __slots__ = ("_secret", "id", "purpose")

    def __init__(self, purpose: str, secret: bytes) -> None:
        """Take the 32 secret bytes; raises ``ValueError`` for another length."""
        if len(secret) != KEY_BYTES:
            message = f"a data key has {KEY_BYTES} bytes"
            raise ValueError(message)
        self.purpose = purpose
        self._secret = secret
        self.id = derive(secret, "data key id", _ID_BYTES)

    def __repr__(self) -> str:
        """Show the purpose and the id, never the secret."""
        return f"DataKey({self.purpose!r}, id={self.id.hex()})"

    def derive(self, purpose: str, length: int = KEY_BYTES) -> bytes:
        """Return a key for a narrower purpose, such as a MAC, that must not share bytes with the sealing."""
        return derive(self._secret, f"{self.purpose}/{purpose}", length)


class MasterKey:
    """Wraps and unwraps data keys. ``keys.masterkey`` makes it from a file."""

    __slots__ = ("_wrapper", "id")

    def __init__(self, secret: bytes) -> None:
        """Take the 32 secret bytes; raises ``ValueError`` for another length."""
        if len(secret) != KEY_BYTES:
            message = f"the master key has {KEY_BYTES} bytes"
            raise ValueError(message)
        self.id = derive(secret, "master key id", _ID_BYTES)
        self._wrapper = AESGCM(derive(secret, "data key wrapping"))

    def __repr__(self) -> str:
        """Show the id, never the secret."""
        return f"MasterKey(id={self.id.hex()})"

    def new_data_key(self, purpose: str, random: Random = os.urandom) -> bytes:
        """Return a new random data key for ``purpose`` in wrapped form, ready to be stored."""
        return self._wrap(random(KEY_BYTES), purpose, random)

    def unwrap(self, wrapped: bytes, purpose: str) -> DataKey:
        """Return the data key of a wrapped form.

        Raises ``MasterKeyMismatch`` when another master key wrapped it, ``SealBroken`` when it was changed or is for
        another purpose.
        """
        return DataKey(purpose, self._unwrap(wrapped, purpose))

    def rewrap(self, wrapped: bytes, purpose: str, successor: MasterKey, random: Random = os.urandom) -> bytes:
        """Return the same data key wrapped by ``successor``: other bytes, same key.

        How a master key is replaced without touching sealed values.
        """
        return successor._wrap(self._unwrap(wrapped, purpose), purpose, random)

    def _wrap(self, secret: bytes, purpose: str, random: Random) -> bytes:
        header = _WRAP_VERSION + self.id
        nonce = random(_NONCE_BYTES)
        return header + nonce + self._wrapper.encrypt(nonce, secret, header + purpose.encode())

    def _unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        header = wrapped[:_HEADER_BYTES]
        if len(wrapped) != _BODY_AT + KEY_BYTES + _TAG_BYTES or header[:1] != _WRAP_VERSION:
            raise SealBroken
        if header[1:] != self.id:
            raise MasterKeyMismatch(
                f"the data key for {purpose} was wrapped by master key {header[1:].hex()}, but the file holds "
                f"{self.id.hex()}: restore the master key file that belongs to this database"
            )
        try:
            return self._wrapper.decrypt(wrapped[_HEADER_BYTES:_BODY_AT], wrapped[_BODY_AT:], header + purpose.encode())
        except InvalidTag:
            raise SealBroken from None


class Sealer:
    """Seals and opens values for one purpose.

    The last data key seals; all of them open, so that data keys can be rotated.
    """

    __slots__ = ("_encrypt", "_header", "_openers", "_random")

    def __init__(self, data_keys: Sequence[DataKey], random: Random = os.urandom) -> None:
        """Take the data keys of one purpose, oldest first.

        Raises ``ValueError`` when there is none, when purposes are mixed, or when two share an id. Random nonces bound
        a data key to 2**32 values (NIST SP 800-38D section 8.3): rotate it before.
        """
        if not data_keys or len({key.purpose for key in data_keys}) != 1:
            message = "a sealer needs the data keys of exactly one purpose"
            raise ValueError(message)
        self._openers = {_SEAL_VERSION + key.id: AESGCM(key.derive("seal")).decrypt for key in data_keys}
        if len(self._openers) != len(data_keys):
            message = "two data keys share an id: make another one"
            raise ValueError(message)
        self._header = _SEAL_VERSION + data_keys[-1].id
        self._encrypt = AESGCM(data_keys[-1].derive("seal")).encrypt
        self._random = random

    def seal(self, plaintext: bytes, aad: bytes) -> bytes:
        """Return ``plaintext`` sealed.

        ``aad`` binds it to its place (table, column, row id) and is needed to open it.
        """
        header = self._header
        nonce = self._random(_NONCE_BYTES)
        return header + nonce + self._encrypt(nonce, plaintext, header + aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Return the plaintext.

        Raises ``SealBroken``, always the same, whatever is wrong with the value, its key or its place.
        """
        header = sealed[:_HEADER_BYTES]
        decrypt = self._openers.get(header)
        if decrypt is None or len(sealed) < _BODY_AT + _TAG_BYTES:
            raise SealBroken
        try:
            return decrypt(sealed[_HEADER_BYTES:_BODY_AT], sealed[_BODY_AT:], header + aad)
        except InvalidTag:
            raise SealBroken from None

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the value was sealed by the newest data key.

        That is, whether re-sealing it would change nothing.
        """
        return sealed[:_HEADER_BYTES] == self._header


class BlindIndex:
    """Looks values up without storing them: HMAC-SHA-256 under a key that never leaves the process.

    A bare hash would not do: twelve digits are searched in seconds. The key is not rotatable without computing every
    index anew.
    """

    __slots__ = ("_domain", "_key")

    def __init__(self, data_key: DataKey, domain: str) -> None:
        """Take the data key and the ``domain``, which separates this index from every other one under the same key."""
        self._key = data_key.derive("blind index")
        self._domain = _framed(domain)

    def digest(self, *parts: str) -> bytes:
        """Return the 32-byte index of ``parts``.

        Each part is framed by its length, so ``("ab", "c")`` is not ``("a", "bc")``.
        """
        message = self._domain + len(parts).to_bytes(4, "big") + b"".join(map(_framed, parts))
        return hmac.digest(self._key, message, "sha256")


def _framed(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4, "big") + data
