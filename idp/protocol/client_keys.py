"""The public keys of clients, registered by value or fetched from their ``jwks_uri``, and what was signed with them.

Client assertions, request objects and authorization grants are verified here and nowhere else. A fetched set is kept as long as its
``Cache-Control`` says, within our bounds. A key that is not in it (or a signature that does not fit) makes us look again, so that a
rotation at the address is picked up at once, but seldom: a stranger can send any key id. An address that does not answer is left alone for a while.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clients.model import Client
from idp.clock import Clock
from idp.errors import DomainError
from idp.ports.fetcher import Fetcher
from keys.encryption_keys import EncryptionKey
from keys.errors import InvalidJwk, SignatureInvalid, UnknownKey
from keys.jwks import VerificationKey
from keys.keyset import ClientKeySet, import_jwks, read_jwks
from keys.verifier import Expectation, VerifiedClaims, verify

ACCEPT: Final = "application/jwk-set+json, application/json"
DEFAULT_AGE: Final = 300
LEAST_AGE: Final = 60
LONGEST_AGE: Final = 3600
"""Seconds for which a fetched set is used: where its answer says nothing, and the bounds of what it may say."""
STALE_AGE: Final = 3600
"""Seconds for which a set goes on being used after that while its address does not answer."""
PAUSE: Final = 10
"""Seconds between two looks at an address for an unknown key, and after a look that failed."""
_MOST: Final = 4096
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?([0-9]{1,10})", re.IGNORECASE)
_NO_STORE: Final = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,])", re.IGNORECASE)
_NONE: Final = ClientKeySet(())


class KeysUnavailable(DomainError):
    """The client's ``jwks_uri`` gave no key set: refuse what would need one, and name the address to the operator only."""

    code = "client_keys_unavailable"


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What an address gave last (None: nothing ever), until when it is fresh, and when the next look is allowed; epoch seconds."""

    keys: ClientKeySet | None
    fresh_until: int
    searched_at: int = 0
    failed_at: int = 0

    def must_not_ask(self, now: int) -> bool:
        """Tell whether the address failed a moment ago."""
        return now < self.failed_at + PAUSE

    def must_not_search(self, now: int) -> bool:
        """Tell whether somebody has looked for an unknown key a moment ago."""
        return now < self.searched_at + PAUSE


class ClientKeys:
    """Keys of all clients of one process. Takes no lock: two requests at once may both read, and the last one's answer is kept."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        """Take the guarded fetcher, which makes one request of many for the same address, and the clock."""
        self._fetcher = fetcher
        self._clock = clock
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()
        self._registered: OrderedDict[str, tuple[Mapping[str, Any], ClientKeySet]] = OrderedDict()

    def verify(
        self, client: Client, token: str, expected: Expectation, *, max_chars: int | None = None
    ) -> VerifiedClaims:
        """Return the claims of a JWT that the client signed; its form, type and algorithm are checked before any key is looked for.

        Raises ``keys.errors.TokenError`` that says which check refused it, and ``KeysUnavailable``.
        """
        now, source = self._clock.now(), _Source(self, client)
        bounds = {} if max_chars is None else {"max_chars": max_chars}
        try:
            return verify(token, source, expected, now, **bounds)
        except (UnknownKey, SignatureInvalid):
            # A key id may have been given to a new key; without a key id every rotation looks like a wrong signature.
            if source.used is None or not self._searched(client, source.used, now):
                raise
            return verify(token, source, expected, now, **bounds)

    def encryption_key(self, client: Client, alg: str) -> EncryptionKey:
        """Return the client's key for a key management algorithm (JWE); raises ``UnknownKey``, ``KeysUnavailable``."""
        used = self.of(client)
        try:
            return used.for_encryption(alg)
        except UnknownKey:
            if not self._searched(client, used, self._clock.now()):
                raise
            return self.of(client).for_encryption(alg)

    def is_of(self, client: Client, public_der: bytes) -> bool:
        """Tell whether a public key (SubjectPublicKeyInfo as DER) is one of the client's; raises ``KeysUnavailable``."""
        used = self.of(client)
        if used.holds(public_der):
            return True
        return self._searched(client, used, self._clock.now()) and self.of(client).holds(public_der)

    def of(self, client: Client) -> ClientKeySet:
        """Return the client's keys, fetched if need be; without any registered an empty set. Raises ``KeysUnavailable``."""
        if client.jwks is not None:
            return self._by_value(client.client_id, client.jwks)
        if client.jwks_uri is None:
            return _NONE
        known, now = self._fetched.get(client.jwks_uri), self._clock.now()
        if known is not None and known.keys is not None and now < known.fresh_until:
            return known.keys
        return self._fetch(client.jwks_uri, known, now)

    def of_issuer(self, name: str, jwks: Mapping[str, Any]) -> ClientKeySet:
        """Return the keys of somebody else whom a registration trusts; ``name`` tells them from the client's own."""
        return self._by_value(name, jwks)

    def _by_value(self, client_id: str, jwks: Mapping[str, Any]) -> ClientKeySet:
        known = self._registered.get(client_id)
        # The registry keeps the object as long as the client does not change.
        if known is None or known[0] is not jwks:
            known = jwks, import_jwks(jwks, lenient=True)
            _keep(self._registered, client_id, known)
        return known[1]

    def _searched(self, client: Client, used: ClientKeySet, now: int) -> bool:
        """Look again at the client's address for a key that is not in ``used``; tell whether there may be another answer now."""
        uri = client.jwks_uri
        known = self._fetched.get(uri) if uri is not None and client.jwks is None else None
        if uri is None or known is None:
            return False
        if known.keys is not used:
            return True
        if known.must_not_search(now) or known.must_not_ask(now):
            return False
        # Marked when it is done, not before: whoever comes meanwhile shares the answer that is under way.
        self._fetch(uri, replace(known, searched_at=now), now)
        return True

    def _fetch(self, uri: str, known: _Fetched | None, now: int) -> ClientKeySet:
        searched_at = known.searched_at if known is not None else 0
        if known is not None and known.must_not_ask(now):
            return _stale(known, now)
        try:
            answer = self._fetcher.get(uri, ACCEPT)
            if answer.status != _OK:
                raise KeysUnavailable(f"the jwks_uri answered {answer.status}")
            keys = read_jwks(answer.body)
        except (DomainError, InvalidJwk) as error:
            failed = _Fetched(
                known.keys if known else None, known.fresh_until if known else 0, searched_at, failed_at=now
            )
            _keep(self._fetched, uri, failed)
            return _stale(failed, now, error)
        _keep(self._fetched, uri, _Fetched(keys, now + lifetime(answer.cache_control), searched_at))
        return keys


_OK: Final = 200


class _Source:
    """``keys.verifier.KeySource`` that fetches no keys before somebody asks for one."""

    def __init__(self, keys: ClientKeys, client: Client) -> None:
        self._keys = keys
        self._client = client
        self.used: ClientKeySet | None = None

    def candidates(self, kid: str | None, alg: str, *, removed: bool = False) -> tuple[VerificationKey, ...]:
        """Return the few keys that may have signed."""
        self.used = self._keys.of(self._client)
        return self.used.candidates(kid, alg, removed=removed)


def lifetime(cache_control: str) -> int:
    """Return for how many seconds an answer with this ``Cache-Control`` is used (RFC 9111 section 5.2.2), within our bounds."""
    if _NO_STORE.search(cache_control):
        return LEAST_AGE
    found = _MAX_AGE.search(cache_control)
    return min(max(int(found[1]), LEAST_AGE), LONGEST_AGE) if found else DEFAULT_AGE


def _stale(known: _Fetched, now: int, cause: Exception | None = None) -> ClientKeySet:
    """Return the last keys while they are not too old; raises ``KeysUnavailable``: a revoked key must not live from a dead address."""
    if known.keys is None or now >= known.fresh_until + STALE_AGE:
        raise KeysUnavailable("the client's jwks_uri gives no key set") from cause
    return known.keys


def _keep(cache: OrderedDict[str, Any], name: str, value: object) -> None:
    cache[name] = value
    cache.move_to_end(name)
    if len(cache) > _MOST:
        cache.popitem(last=False)
