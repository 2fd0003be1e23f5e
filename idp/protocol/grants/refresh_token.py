"""``refresh_token`` (RFC 6749 section 6, RFC 9700 section 4.14, OpenID Connect Core section 12)."""

from __future__ import annotations

from typing import Any, Final

from clients.profiles import PROFILES
from idp import handles
from idp.ports.grants import Rotation
from idp.protocol.errors import InvalidGrant, InvalidRequest, InvalidScope
from idp.protocol.grants import reach
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.grants.reach import Reach
from idp.protocol.levels import told
from idp.protocol.mint import Authentication
from idp.services.tokens import Replayed

_NARROWING: Final = frozenset({"scope", *reach.PARAMETERS})


def refresh_token(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Rotate a family and mint anew. A narrower scope holds for the new access token only (RFC 6749 section 6)."""
    token = request.parameters.get("refresh_token")
    if token is None:
        raise InvalidRequest("refresh_token is missing", reason="refresh_token_missing")
    client = request.client
    narrowed = _narrowed(request, services, token) if _NARROWING & request.parameters.keys() else None
    jti = handles.new_id()
    try:
        rotates = PROFILES[client.profile].rotates
        rotated = services.tokens.refresh(
            *(token, client.client_id),
            jti=jti,
            case_code=request.case_code,
            rotates=rotates,
            idle=client.refresh_token_idle,
        )
    except Replayed as error:
        raise InvalidGrant(
            "the refresh token was used before; every token from it has been revoked", reason="refresh_replayed"
        ) from error
    if rotated is None:
        raise InvalidGrant("the refresh token is not valid", reason="refresh_unknown")
    return _response(request, services, rotated, narrowed, jti)


def _response(
    request: TokenRequest,
    services: GrantServices,
    rotated: tuple[Rotation, str | None],
    narrowed: tuple[str, Reach] | None,
    jti: str,
) -> dict[str, Any]:
    (rotation, successor), client = rotated, request.client
    grant = rotation.grant
    ring = services.keys_after(client, rotation.versions)
    services.check_mark(client, grant.id, grant.created_at, request.case_code)
    acting = services.acts_by(grant.mandate_id, client)
    scope, reached = narrowed or (
        grant.scope,
        reach.of_grant(request, services, grant.resources, services.tokens.details(grant)),
    )
    servers = [one for name in reached.audience if (one := services.resources.server(name)) is not None]
    acr, amr = told(grant.acr, grant.amr, client, *servers)
    who = Authentication(grant.sub, grant.session_id, grant.auth_time, acr, amr, acting)
    access_token = services.mint.person_token(
        ring, client.client_id, grant.id, scope, jti, who, audience=reached.audience, details=reached.details
    )
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": services.mint.lifetime_of(who),
        "scope": scope,
        **reached.response(),
    }
    if successor is not None:
        response["refresh_token"] = successor
    if "openid" in scope.split(" "):
        response["id_token"] = services.mint.id_token(ring, client, who, access_token, None, {})
    return response


def _narrowed(request: TokenRequest, services: GrantServices, token: str) -> tuple[str, Reach]:
    """Return the scope and the reach asked for, checked before anything is claimed: a request for more must not cost the client its token.

    Any token of the family tells the scope, which never changes: one that may still be presented within the grace too.
    """
    found = services.tokens.family(token)
    if found is None or found[0].client_id != request.client.client_id:
        raise InvalidGrant("the refresh token is not valid", reason="refresh_unknown")
    grant = found[0]
    wanted = dict.fromkeys(request.parameters.get("scope", grant.scope).split(" "))
    if not wanted.keys() <= set(grant.scope.split(" ")):
        raise InvalidScope("scope may only be narrowed", reason="scope_widened")
    reached = reach.of_grant(request, services, grant.resources, services.tokens.details(grant))
    return " ".join(wanted), reached
