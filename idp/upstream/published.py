"""What a provider publishes: its addresses (by discovery where the operator wants it) and its signing keys, kept for a while."""

from __future__ import annotations

from typing import Any, Final

from idp.ports.upstreams import UpstreamRefused, UpstreamUnavailable
from idp.protocol.client_keys import lifetime
from idp.upstream.exchange import Exchange, read_json
from idp.upstream.setup import Setup
from keys.errors import InvalidJwk, SignatureInvalid, UnknownKey
from keys.keyset import ClientKeySet, read_jwks
from keys.verifier import Expectation, VerifiedClaims, verify

_OK: Final = 200
_PAUSE: Final = 10
"""Seconds between two looks for a key that is not there."""
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class Published:
    """Addresses and keys of one provider in this process."""

    def __init__(self, setup: Setup, exchange: Exchange) -> None:
        """Fetch nothing yet."""
        self._setup = setup
        self._exchange = exchange
        self._metadata: dict[str, Any] = {}
        self._metadata_until = 0
        self._keys: ClientKeySet | None = None
        self._keys_until = 0
        self._looked_at = 0

    def address(self, name: str) -> str:
        """Return one address: the operator's, else the published one, else ""; raises ``UpstreamUnavailable``."""
        given: str = getattr(self._setup.settings, name)
        if given or not self._setup.settings.discovery:
            return given
        value = self.metadata().get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or not is_address(value):
            raise UpstreamRefused("metadata_address")
        return value

    def needed(self, name: str) -> str:
        """Return an address without which nothing goes."""
        found = self.address(name)
        if not found:
            raise UpstreamUnavailable(f"no {name} is configured or published")
        return found

    def metadata(self) -> dict[str, Any]:
        """Return the discovery document; its issuer has to be the one that was asked (OpenID Connect Discovery section 4.3)."""
        now = self._setup.clock.now()
        if now >= self._metadata_until:
            issuer = self._setup.settings.issuer
            answer = self._exchange.get(issuer.rstrip("/") + _WELL_KNOWN)
            if answer.status != _OK:
                raise UpstreamUnavailable(f"discovery answered {answer.status}")
            document = read_json(answer.body)
            if document.get("issuer") != issuer:
                raise UpstreamRefused("metadata_issuer")
            self._metadata, self._metadata_until = document, now + lifetime(answer.cache_control)
        return self._metadata

    def has_keys(self) -> bool:
        """Tell whether the provider's signatures can be checked."""
        return bool(self.address("jwks_uri"))

    def count_keys(self) -> int:
        """Return how many usable signing keys are published."""
        return len(self._key_set(self._setup.clock.now()).keys)

    def keys_seen(self) -> tuple[str, ...]:
        """Return id and algorithms of the keys that are held at the moment; fetches nothing."""
        held = self._keys.keys if self._keys is not None else ()
        return tuple(f"{key.kid or '-'} ({', '.join(sorted(key.algs))})" for key in held)

    def verified(self, token: str, expected: Expectation) -> VerifiedClaims:
        """Return the claims of a token that the provider signed; raises ``keys.errors.TokenError``."""
        now = self._setup.clock.now()
        keys = self._key_set(now)
        try:
            return verify(token, keys, expected, now)
        except (UnknownKey, SignatureInvalid):
            # A rotation there is picked up at once, but seldom: any token can name a key that does not exist.
            if now < self._looked_at + _PAUSE:
                raise
            self._keys_until = 0
            return verify(token, self._key_set(now), expected, now)

    def _key_set(self, now: int) -> ClientKeySet:
        if self._keys is None or now >= self._keys_until:
            answer = self._exchange.get(self.needed("jwks_uri"))
            if answer.status != _OK:
                raise UpstreamUnavailable(f"jwks_uri answered {answer.status}")
            try:
                self._keys = read_jwks(answer.body)
            except InvalidJwk as error:
                raise UpstreamUnavailable("jwks_uri holds no key set that we can use") from error
            self._keys_until, self._looked_at = now + lifetime(answer.cache_control), now
        return self._keys


def is_address(value: str) -> bool:
    """Tell whether a published address is one that we would follow: https, or this machine."""
    local = ("http://localhost:", "http://127.0.0.1:", "http://[::1]:")
    return value.isprintable() and " " not in value and value.startswith(("https://", *local))
