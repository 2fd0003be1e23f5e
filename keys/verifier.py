"""Verifies tokens: ours against the ring, others' against their JWK set; the checks of RFC 8725 in one order.

Order: form, header, algorithm, type, key, signature, then the claims. The cost is in the signature, so successful ones
are remembered for seconds; claims are checked anew each time, and whether the grant behind a token still stands is
asked elsewhere, always.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

import orjson

from keys.algorithms import ALGORITHMS, NAMES
from keys.compact import MAX_TOKEN_CHARS, UnverifiedToken, parse
from keys.errors import (
    AlgorithmRefused,
    AudienceRefused,
    ClaimRefused,
    HeaderRefused,
    IssuerRefused,
    SignatureInvalid,
    TokenExpired,
    TokenNotYetValid,
    TypeRefused,
)
from keys.jwks import VerificationKey
from keys.ring import KeyRing
from keys.signer import ACCESS_TOKEN, Signer

_END_OF_TIME = 1 << 53
"""NumericDates beyond it (and infinities, which never expire) are refused."""


class KeySource(Protocol):
    """Where verification keys come from: ``KeyRing`` for our tokens, ``ClientKeySet`` for a client's."""

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:
        """Return the few keys that may have signed.

        Raises ``UnknownKey`` or ``KeyRevoked``, never returns an empty tuple.
        """
        ...


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a token has to be. Built once at start for each kind of token; times are in seconds.

    ``typs`` are the accepted explicit types in lower case without ``application/``, ``""`` standing for none.
    ``issuer`` and ``audiences`` are not checked when None. ``max_lifetime`` bounds ``exp - now``. ``accept_expired``
    and ``accept_removed_keys`` are for ``id_token_hint`` alone. ``needs_kid`` refuses a token that does not name its key.
    """

    typs: frozenset[str]
    algs: frozenset[str] = NAMES
    issuer: str | None = None
    audiences: frozenset[str] | None = None
    required: frozenset[str] = frozenset({"exp"})
    leeway: int = 0
    max_lifetime: int | None = None
    accept_expired: bool = False
    accept_removed_keys: bool = False
    needs_kid: bool = False

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an allow-list that is empty or names an algorithm that we do not know."""
        if not self.algs or not self.algs <= NAMES or not self.typs:
            message = f"algs must be some of {sorted(NAMES)}, typs at least one type"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """The claims of a token whose signature and expectations hold. The mapping is the caller's own copy."""

    claims: Mapping[str, Any]
    kid: str | None
    alg: str
    typ: str


def verify(
    token: str, source: KeySource, expected: Expectation, now: int, *, max_chars: int = MAX_TOKEN_CHARS
) -> VerifiedClaims:
    """Return the claims of ``token`` signed by a key of ``source``.

    Raises a ``TokenError`` that says which check refused it.
    """
    parsed = parse(token, max_chars)
    kid = _check_signature(parsed, source, expected)
    check_claims(parsed.unverified_claims, expected, now)
    return VerifiedClaims(parsed.unverified_claims, kid, parsed.alg, parsed.typ)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A signature that was verified: what is needed to check everything else again."""

    kid: str | None
    alg: str
    typ: str
    payload: bytes
    until: int


@dataclass(slots=True)
class TokenVerifier:
    """Verifies our own tokens and remembers good signatures for ``ttl`` seconds.

    At most ``size`` of them, for one ring version.

    A change of any key (a revocation above all) gives a new version, and with it an empty memory. Keyed by SHA-256 of
    the token, so that a memory dump of the cache is no list of tokens.
    """

    ring: Callable[[], KeyRing]
    ttl: int = 10
    size: int = 2048
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)
    _version: int = field(default=-1, init=False, repr=False)
    _entries: OrderedDict[bytes, _Remembered] = field(default_factory=OrderedDict, init=False, repr=False)

    def verify(self, token: str, expected: Expectation, now: int, *, ring: KeyRing | None = None) -> VerifiedClaims:
        """Return the claims of one of our tokens; raises a ``TokenError``.

        ``ring`` is for a caller that has just read the version of the keys and so knows a newer ring than
        ``self.ring()``.
        """
        if expected.accept_removed_keys:
            return verify(token, ring or self.ring(), expected, now)
        ring = ring or self.ring()
        digest = hashlib.sha256(token[:MAX_TOKEN_CHARS].encode("utf-8", "surrogatepass")).digest()
        known = self._recall(digest, ring.version, now) if len(token) <= MAX_TOKEN_CHARS else None
        if known is None:
            parsed = parse(token)
            kid = _check_signature(parsed, ring, expected)
            known = _Remembered(kid, parsed.alg, parsed.typ, parsed.unverified_payload, now + self.ttl)
            self._remember(digest, ring.version, known)
            claims = parsed.unverified_claims
        else:
            _check_header(known.alg, known.typ, expected)
            claims = orjson.loads(known.payload)
        check_claims(claims, expected, now)
        return VerifiedClaims(claims, known.kid, known.alg, known.typ)

    def remember(self, token: str, payload: bytes, signer: Signer, ring_version: int, now: int) -> None:
        """Take a token that this process has just signed for verified: its first use is often the next request."""
        # A copy: what the encoder gives lies in a buffer of several kilobytes, which would live as long as the entry.
        kept = memoryview(payload).tobytes()
        entry = _Remembered(signer.kid, signer.alg, ACCESS_TOKEN, kept, now + self.ttl)
        self._remember(hashlib.sha256(token.encode()).digest(), ring_version, entry)

    def _recall(self, digest: bytes, version: int, now: int) -> _Remembered | None:
        with self._lock:
            if not self._is_of(version):
                return None
            known = self._entries.get(digest)
            if known is None or known.until <= now:
                return None
            self._entries.move_to_end(digest)
            return known

    def _remember(self, digest: bytes, version: int, entry: _Remembered) -> None:
        with self._lock:
            if not self._is_of(version) or self.size < 1:
                return
            self._entries[digest] = entry
            self._entries.move_to_end(digest)
            if len(self._entries) > self.size:
                self._entries.popitem(last=False)

    def _is_of(self, version: int) -> bool:
        """Tell whether a ring of this version may use the memory; a newer one begins anew, an older one must not bring back what that dropped."""
        if version > self._version:
            self._version = version
            self._entries.clear()
        return version == self._version


def check_claims(claims: Mapping[str, Any], expected: Expectation, now: int) -> None:
    """Check the registered claims of RFC 7519 section 4.1 at ``now``.

    Raises ``TokenError``. Says nothing about signatures.
    """
    if missing := expected.required - claims.keys():
        raise ClaimRefused(f"{', '.join(sorted(missing))} is missing")
    expires = _date(claims, "exp")
    if expires is not None and not expected.accept_expired and now >= expires + expected.leeway:
        raise TokenExpired("exp has passed")
    if expected.max_lifetime is not None and (
        expires is None or expires > now + expected.max_lifetime + expected.leeway
    ):
        raise ClaimRefused("exp lies too far in the future")
    for name in ("nbf", "iat"):
        moment = _date(claims, name)
        if moment is not None and moment > now + expected.leeway:
            raise TokenNotYetValid(f"{name} lies in the future")
    if expected.issuer is not None and claims.get("iss") != expected.issuer:
        raise IssuerRefused("iss is not the expected issuer")
    if expected.audiences is not None and expected.audiences.isdisjoint(_audiences(claims)):
        raise AudienceRefused("aud does not name the expected audience")


def _check_signature(parsed: UnverifiedToken, source: KeySource, expected: Expectation) -> str | None:
    """Return the ``kid`` of the key whose signature fits."""
    _check_header(parsed.alg, parsed.typ, expected)
    if expected.needs_kid and not parsed.kid:
        raise HeaderRefused("kid is missing")
    keys = source.candidates(parsed.kid, parsed.alg, removed=expected.accept_removed_keys)
    # The key decides which algorithm it is for; the header only repeats it (RFC 8725 section 3.1).
    fitting = [key for key in keys if parsed.alg in key.algs]
    if not fitting:
        raise AlgorithmRefused("the key is not for this algorithm")
    algorithm = ALGORITHMS[parsed.alg]
    for key in fitting:
        if algorithm.verify(parsed.signed, key.public, parsed.signature):
            return key.kid
    raise SignatureInvalid("the signature does not fit")


def _check_header(alg: str, typ: str, expected: Expectation) -> None:
    if alg not in expected.algs:
        raise AlgorithmRefused("the algorithm is not on the allow-list")
    if typ not in expected.typs:
        raise TypeRefused("the explicit type is not the expected one")


def _date(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 section 2); an infinite one would never expire."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _END_OF_TIME:
        raise ClaimRefused(f"{name} is not a number")
    return value


def _audiences(claims: Mapping[str, Any]) -> frozenset[str]:
    value = claims.get("aud")
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        return frozenset(value)
    raise AudienceRefused("aud is not a string or a list of strings")
