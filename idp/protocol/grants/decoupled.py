"""What the device grant and CIBA have in common at the token endpoint: polling until the person has answered at another device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idp import handles
from idp.flows.decoupled import Poll
from idp.model.audit import Event
from idp.model.grant import CodePayload
from idp.protocol.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    InvalidRequest,
    ProtocolError,
    SlowDown,
)
from idp.protocol.grants import issue, reach
from idp.protocol.grants.frame import GrantServices, TokenRequest

_LONGEST: Final = 512
_SAID: Final[Mapping[Poll, tuple[type[ProtocolError], str, str]]] = {
    Poll.UNKNOWN: (InvalidGrant, "the code is not valid", "decoupled_unknown"),
    Poll.PENDING: (AuthorizationPending, "the person has not answered yet", ""),
    Poll.SLOW_DOWN: (SlowDown, "poll more slowly: wait five seconds longer between requests", ""),
    Poll.EXPIRED: (ExpiredToken, "the request has expired", "decoupled_expired"),
    Poll.DENIED: (AccessDenied, "the person declined", "declined"),
}
"""What each finding is on the wire (RFC 8628 section 3.5, CIBA section 11)."""


def redeem(
    request: TokenRequest, services: GrantServices, *, parameter: str, kind: str, event: Event
) -> dict[str, Any]:
    """Answer a poll. The grant's insert spends the answer: of parallel polls one gets tokens."""
    secret = request.parameters.get(parameter)
    if secret is None or len(secret) > _LONGEST:
        raise InvalidRequest(f"{parameter} is missing or too long", reason=f"{parameter}_missing")
    found, asked = services.decoupled.poll(secret, kind, request.client.client_id)
    if found is not Poll.APPROVED or asked is None:
        error, text, reason = _SAID[found]
        raise error(text, reason=reason)
    payload = issue.agreed(request.client, _payload(asked.code, asked.expires_at, services))
    reached = reach.of_grant(request, services, payload.resources, payload.details)
    has_refresh = "refresh_token" in request.client.grant_types
    jti = handles.new_id()
    claimed = services.tokens.issue(payload, event, has_refresh=has_refresh, jti=jti, case_code=request.case_code)
    if claimed is None:
        is_spent = services.tokens.is_spent(payload.grant_id)
        raise InvalidGrant("the code is not valid any more", reason="decoupled_spent" if is_spent else "session_ended")
    return issue.tokens(request, services, payload, claimed, jti, reached, began=asked.created_at)


def _payload(code: str, expires_at: int, services: GrantServices) -> CodePayload:
    payload = services.codes.open(code)
    if payload is None:
        # Sealed by another release of ours while processes are being replaced.
        raise InvalidGrant("the code is not valid any more", reason="decoupled_unreadable")
    return replace(payload, expires_at=expires_at)
