"""``refresh_token`` (RFC 6749 section 6, RFC 9700 section 4.14, OpenID Connect Core section 12)."""

from __future__ import annotations

from typing import Any

from idp import handles
from idp.model.grant import Grant
from idp.protocol.errors import InvalidGrant, InvalidRequest, InvalidScope
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.mint import Authentication
from idp.services.tokens import Replayed


def refresh_token(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Rotate a family and mint anew. A narrower scope holds for the new access token only (RFC 6749 section 6)."""
    token = request.parameters.get("refresh_token")
    if token is None:
        raise InvalidRequest("refresh_token is missing", reason="refresh_token_missing")
    wanted = request.parameters.get("scope")
    if wanted is not None:
        _check_scope(wanted, services.tokens.genuine(token))
    jti = handles.new_id()
    client = request.client
    try:
        rotated = services.tokens.refresh(token, client.client_id, jti=jti, case_code=request.case_code)
    except Replayed as error:
        raise InvalidGrant(
            "the refresh token was used before; every token from it has been revoked", reason="refresh_replayed"
        ) from error
    if rotated is None:
        raise InvalidGrant("the refresh token is not valid", reason="refresh_unknown")
    rotation, successor = rotated
    grant = rotation.grant
    ring = services.keys_after(client, rotation.versions)
    who = Authentication(grant.sub, grant.session_id, grant.auth_time, grant.acr, grant.amr)
    scope = wanted or grant.scope
    access_token = services.mint.person_token(ring, client.client_id, grant.id, scope, jti, who)
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": services.mint.access_lifetime,
        "scope": scope,
        "refresh_token": successor,
    }
    if "openid" in scope.split(" "):
        response["id_token"] = services.mint.id_token(ring, client, who, access_token, None, {})
    return response


def _check_scope(wanted: str, grant: Grant | None) -> None:
    """Before anything is claimed: a request for more must not cost the client its token."""
    granted = set(grant.scope.split(" ")) if grant is not None else set()
    if grant is not None and not set(wanted.split(" ")) <= granted:
        raise InvalidScope("scope may only be narrowed", reason="scope_widened")
