"""``client_credentials`` (RFC 6749 section 4.4): a department's system for itself, never for a person."""

from __future__ import annotations

from typing import Any, Final

from idp import handles
from idp.protocol.errors import InvalidScope
from idp.protocol.grants import reach
from idp.protocol.grants.frame import GrantServices, TokenRequest
from policies import claims as claim_policy

_OF_PEOPLE: Final = frozenset(claim_policy.SCOPES)


def client_credentials(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Issue a token whose subject is the client; no refresh token (RFC 6749 section 4.4.3)."""
    client = request.client
    own = client.scope - _OF_PEOPLE
    wanted = request.parameters.get("scope")
    scopes = tuple(dict.fromkeys(wanted.split(" "))) if wanted else tuple(sorted(own))
    refused = [name for name in scopes if name not in own]
    if refused:
        raise InvalidScope("the client may not have this scope for itself", reason="scope_not_registered")
    reached = reach.of_client(request, services)
    scope, jti = " ".join(scopes), handles.new_id()
    named = {"details": list(reached.details)} if reached.details else {}
    versions = services.tokens.issued_to_client(client.client_id, scope, jti, request.case_code, **named)
    ring = services.keys_after(client, versions)
    response: dict[str, Any] = {
        "access_token": services.mint.client_token(
            ring, client.client_id, scope, jti, audience=reached.audience, details=reached.details
        ),
        "token_type": "Bearer",
        "expires_in": services.mint.access_lifetime,
        **reached.response(),
    }
    if scope:
        response["scope"] = scope
    return response
