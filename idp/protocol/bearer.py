"""Our own access tokens at our own resources (RFC 6750, RFC 9068 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.clock import Clock
from idp.protocol.errors import InvalidRequest, InvalidToken
from idp.protocol.parameters import FORM, form_parameters
from idp.protocol.wire import WireRequest
from keys.errors import TokenError
from keys.verifier import Expectation, TokenVerifier


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """A verified access token of ours; ``grant_id`` is "" for a client's own."""

    client_id: str
    sub: str
    scope: frozenset[str]
    jti: str
    expires_at: int
    grant_id: str
    claims: dict[str, Any]


class AccessTokens:
    """Reads and verifies access tokens; whether they were revoked is another question, asked of the store each time."""

    def __init__(self, verifier: TokenVerifier, issuer: str, clock: Clock) -> None:
        """Take the verifier, the issuer and the clock."""
        self._verifier = verifier
        self._clock = clock
        self._expected = Expectation(
            typs=frozenset({"at+jwt"}), algs=frozenset({"ES256"}), issuer=issuer, audiences=frozenset({issuer})
        )

    def presented(self, request: WireRequest) -> str:
        """Return the token of a request, by header or form body, never by query (RFC 6750 section 2); raises ``InvalidRequest``, ``InvalidToken``."""
        scheme, _, value = request.header("authorization").partition(" ")
        by_header = value.strip() if scheme.lower() == "bearer" else ""
        is_form = request.method == "POST" and request.content_type.partition(";")[0].strip().lower() == FORM
        by_body = form_parameters(request).get("access_token", "") if is_form else ""
        if by_header and by_body:
            raise InvalidRequest("the access token is there twice", reason="several_tokens")
        if not (by_header or by_body):
            raise InvalidToken("no access token", reason="token_missing")
        return by_header or by_body

    def verified(self, token: str) -> AccessClaims:
        """Return the claims of a token of ours that has not expired; raises ``InvalidToken``."""
        try:
            claims = dict(self._verifier.verify(token, self._expected, self._clock.now()).claims)
        except TokenError as error:
            raise InvalidToken("the access token is not valid", reason=error.code) from error
        return AccessClaims(
            claims["client_id"],
            claims["sub"],
            frozenset(claims.get("scope", "").split()),
            claims["jti"],
            claims["exp"],
            claims.get("gid", ""),
            claims,
        )
