"""Our own access tokens at our own resources (RFC 6750, RFC 9068 section 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from idp.clock import Clock
from idp.model.frozen import frozen
from idp.protocol.errors import InvalidRequest, InvalidToken
from idp.protocol.parameters import FORM, form_parameters
from idp.protocol.wire import WireRequest
from keys.errors import TokenError, UnknownKey
from keys.ring import KeyRing, LiveRing
from keys.verifier import Expectation, TokenVerifier

_SCHEMES: Final = frozenset({"bearer", "dpop"})
"""Which of them fits a token is asked of ``sender_constraints``."""


@frozen
class AccessClaims:
    """A verified access token of ours; ``grant_id`` is "" for a client's own; ``ring_version`` is that of the keys it was checked with."""

    client_id: str
    sub: str
    scope: frozenset[str]
    jti: str
    expires_at: int
    grant_id: str
    claims: dict[str, Any]
    ring_version: int


class AccessTokens:
    """Reads and verifies access tokens; whether they were revoked is another question, asked of the store each time."""

    def __init__(
        self, verifier: TokenVerifier, ring: LiveRing, issuer: str, clock: Clock, audience: str | None = None
    ) -> None:
        """Take the verifier, the keys of this process, the issuer, the clock, and for whom tokens must be (the issuer unless told otherwise)."""
        self._verifier = verifier
        self._ring = ring
        self._clock = clock
        self._for_anybody = Expectation(typs=frozenset({"at+jwt"}), algs=frozenset({"ES256"}), issuer=issuer)
        self._for_us = replace(self._for_anybody, audiences=frozenset({audience or issuer}))

    def presented(self, request: WireRequest) -> str:
        """Return the token of a request, by header or form body, never by query (RFC 6750 section 2); raises ``InvalidRequest``, ``InvalidToken``."""
        scheme, _, value = request.header("authorization").partition(" ")
        by_header = value.strip() if scheme.lower() in _SCHEMES else ""
        is_form = request.method == "POST" and request.content_type.partition(";")[0].strip().lower() == FORM
        by_body = form_parameters(request).get("access_token", "") if is_form else ""
        if by_header and by_body:
            raise InvalidRequest("the access token is there twice", reason="several_tokens")
        if not (by_header or by_body):
            raise InvalidToken("no access token", reason="token_missing")
        return by_header or by_body

    def verified(self, token: str, *, for_us: bool = True) -> AccessClaims:
        """Return the claims of a token of ours that has not expired; raises ``InvalidToken``.

        ``for_us`` asks that it be meant for our own resources (RFC 9068 section 4); who only asks about a token may hold one for others.
        """
        expected = self._for_us if for_us else self._for_anybody
        try:
            return self._read(token, self._ring.current, expected)
        except UnknownKey:
            # Another process may have made a key since this one last looked.
            return self._read_again(token, self._ring.refresh(), expected)
        except TokenError as error:
            raise _refused(error) from error

    def confirmed(self, token: str, claims: AccessClaims, keys_version: int) -> AccessClaims:
        """Check again if the version that rode along with a statement is newer: a revoked key counts at once.

        Raises ``InvalidToken``.
        """
        if keys_version <= claims.ring_version:
            return claims
        return self._read_again(token, self._ring.at(keys_version), self._for_anybody)

    def _read_again(self, token: str, ring: KeyRing, expected: Expectation) -> AccessClaims:
        try:
            return self._read(token, ring, expected)
        except TokenError as error:
            raise _refused(error) from error

    def _read(self, token: str, ring: KeyRing, expected: Expectation) -> AccessClaims:
        claims = dict(self._verifier.verify(token, expected, self._clock.now(), ring=ring).claims)
        return AccessClaims(
            claims["client_id"],
            claims["sub"],
            frozenset(claims.get("scope", "").split()),
            claims["jti"],
            claims["exp"],
            claims.get("gid", ""),
            claims,
            ring.version,
        )


def _refused(error: TokenError) -> InvalidToken:
    return InvalidToken("the access token is not valid", reason=error.code)
