"""The keys of a process: an immutable snapshot that the hot path reads without a lock, and its replacement.

What can be made ready is made once for each version: the signers, the public keys, the JWKS answer with its headers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys import base64url
from keys.algorithms import PrivateKey
from keys.errors import KeyRevoked, NoActiveKey, UnknownKey
from keys.jwe import DecryptionKeys
from keys.jwks import VerificationKey, import_public
from keys.model import PUBLISHED, KeyState, SigningKey
from keys.signer import Signer

_ETAG_BYTES = 16

OpenPrivate = Callable[[SigningKey], PrivateKey]
Loader = Callable[[], tuple[int, tuple[SigningKey, ...]]]


@dataclass(frozen=True, slots=True)
class JwksAnswer:
    """The JWKS response (RFC 7517 section 5) as ready bytes with a strong ``ETag`` and its ``Cache-Control``."""

    body: bytes
    etag: str
    cache_control: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys at one version. ``signers`` by algorithm; implements ``keys.verifier.KeySource`` over our own keys."""

    version: int
    signers: Mapping[str, Signer]
    jwks: JwksAnswer
    decryption: DecryptionKeys
    _published: Mapping[str, VerificationKey] = field(repr=False)
    _removed: Mapping[str, VerificationKey] = field(repr=False)
    _revoked: frozenset[str] = field(repr=False)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """Return the algorithms that something signs with now: what discovery may announce."""
        return tuple(self.signers)

    def signer(self, alg: str = "ES256") -> Signer:
        """Return the active signer of ``alg``; raises ``NoActiveKey``."""
        try:
            return self.signers[alg]
        except KeyError:
            raise NoActiveKey(f"no active {alg} key: see `idp keys list`") from None

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:  # noqa: ARG002 - port
        """Return the one key that ``kid`` names; we always write ``kid``, so a token without it is not ours.

        ``removed`` also finds keys that left the JWK set by age. Raises ``KeyRevoked``, ``UnknownKey``.
        """
        key = self._published.get(kid or "") or (self._removed.get(kid or "") if removed else None)
        if key is not None:
            return (key,)
        if kid in self._revoked:
            raise KeyRevoked("the key was revoked")
        raise UnknownKey("no published key has this id")


def build_ring(
    version: int,
    keys: Iterable[SigningKey],
    open_private: OpenPrivate,
    jwks_max_age: int,
    previous: KeyRing | None = None,
) -> KeyRing:
    """Return the ring of ``keys``. Only active private keys are opened.

    Signers and public keys of ``previous`` are used again.

    ``jwks_max_age`` is in seconds. Raises ``SealBroken`` when an active key does not open.
    """
    ordered = sorted(keys, key=lambda key: (key.created_at, key.kid))
    published = [key for key in ordered if key.state in PUBLISHED]
    signing = [key for key in published if key.use == "sig"]
    signers = {key.alg: _signer(key, open_private, previous) for key in signing if key.state is KeyState.ACTIVE}
    removed = [key for key in ordered if key.state is KeyState.REMOVED and key.use == "sig"]
    return KeyRing(
        version,
        MappingProxyType(signers),
        _answer([key for key in published if key.use == "sig" or key.state is not KeyState.RETIRED], jwks_max_age),
        _decryption(published, open_private),
        MappingProxyType({key.kid: _verification(key, previous) for key in signing}),
        MappingProxyType({key.kid: _verification(key, previous) for key in removed}),
        frozenset(key.kid for key in ordered if key.state is KeyState.REVOKED),
    )


class LiveRing:
    """The current ring of a process. Reading is one attribute; replacing happens at most once for each version."""

    def __init__(
        self,
        load: Loader,
        open_private: OpenPrivate,
        jwks_max_age: int,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """Take ``KeyService.load`` and ``KeyService.open_private``.

        Reads nothing yet. ``jwks_max_age`` is in seconds. ``lock`` is one that may be held over a load.
        """
        self._load = load
        self._open_private = open_private
        self._max_age = jwks_max_age
        self._lock = lock or Lock()
        self._ring: KeyRing | None = None

    @property
    def current(self) -> KeyRing:
        """Return the ring in memory, and load it first when there is none."""
        return self._ring or self.refresh()

    def at(self, version: int) -> KeyRing:
        """Return a ring of at least ``version``, the one that a hot statement just read.

        Loads only when ours is older.
        """
        ring = self._ring
        return ring if ring is not None and ring.version >= version else self._renew(version)

    def refresh(self) -> KeyRing:
        """Read the keys and return the ring; for the poll and after an act of this process."""
        return self._renew(None)

    def _renew(self, wanted: int | None) -> KeyRing:
        with self._lock:
            ring = self._ring
            if ring is not None and wanted is not None and ring.version >= wanted:
                return ring
            version, keys = self._load()
            if ring is None or ring.version != version:
                ring = self._ring = build_ring(version, keys, self._open_private, self._max_age, ring)
            return ring


def _signer(key: SigningKey, open_private: OpenPrivate, previous: KeyRing | None) -> Signer:
    known = previous.signers.get(key.alg) if previous else None
    return known if known is not None and known.kid == key.kid else Signer(key.kid, key.alg, open_private(key))


def _decryption(published: list[SigningKey], open_private: OpenPrivate) -> DecryptionKeys:
    """Return our keys that open what others encrypt: retired ones too, as long as their private part is there."""
    keys = [(key, open_private(key)) for key in published if key.use == "enc" and key.sealed is not None]
    return DecryptionKeys(
        {key.kid: (key.alg, private) for key, private in keys if not isinstance(private, Ed25519PrivateKey)}
    )


def _verification(key: SigningKey, previous: KeyRing | None) -> VerificationKey:
    known = previous._published.get(key.kid) if previous else None  # noqa: SLF001 - the builder of the same class
    return known or VerificationKey(
        key.kid, frozenset({key.alg}), import_public(key.public_jwk, f"signing key {key.kid}")
    )


def _answer(published: list[SigningKey], max_age: int) -> JwksAnswer:
    body = orjson.dumps(
        {"keys": [{**key.public_jwk, "use": key.use, "alg": key.alg, "kid": key.kid} for key in published]}
    )
    etag = base64url.encode_text(hashlib.sha256(body).digest()[:_ETAG_BYTES])
    return JwksAnswer(body, f'"{etag}"', f"public, max-age={max_age}")
