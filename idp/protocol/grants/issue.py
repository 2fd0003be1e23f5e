"""What every grant for a person answers once its claim has gone through: the tokens of one authorization."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clients.model import Client
from idp.model.grant import CodePayload
from idp.ports.grants import Versions
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.grants.reach import Reach
from idp.protocol.mint import Authentication
from keys.ring import KeyRing


def agreed(client: Client, payload: CodePayload) -> CodePayload:
    """Return a payload without the claims of purposes that changed or went since the person answered."""
    if not client.rewritten:
        return payload
    since = payload.issued_at
    return replace(
        payload, claims=client.still(payload.claims, since), id_claims=client.still(payload.id_claims, since)
    )


def tokens(
    request: TokenRequest,
    services: GrantServices,
    payload: CodePayload,
    claimed: tuple[Versions, str | None],
    jti: str,
    reached: Reach,
    *,
    began: int | None = None,
) -> dict[str, Any]:
    """Return the token response for a grant that was just made (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).

    ``claimed`` are the registry versions and the first refresh token if there is one; ``reached`` is what the access token is for; ``began`` is
    when the client was given what it presented, without it when the code was issued.
    """
    versions, refresh_token = claimed
    ring = _ring(request, services, payload, versions, began)
    who = _authentication(request, services, payload)
    access_token = services.mint.person_token(
        ring,
        request.client.client_id,
        payload.grant_id,
        payload.scope,
        jti,
        who,
        audience=reached.audience,
        details=reached.details,
    )
    extra = _id_claims(payload, jti, services)
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": services.mint.lifetime_of(who),
        "scope": payload.scope,
        "id_token": services.mint.id_token(ring, request.client, who, access_token, payload.nonce, extra),
        **reached.response(),
    }
    if refresh_token is not None:
        response["refresh_token"] = refresh_token
    return response


def _ring(
    request: TokenRequest, services: GrantServices, payload: CodePayload, versions: Versions, began: int | None
) -> KeyRing:
    """Return the ring to sign with, after the client's state and mark that rode along were heeded."""
    ring = services.keys_after(request.client, versions)
    since = payload.issued_at if began is None else began
    services.check_mark(request.client, payload.grant_id, since, request.case_code)
    return ring


def _authentication(request: TokenRequest, services: GrantServices, payload: CodePayload) -> Authentication:
    acting = services.acts_by(payload.mandate_id, request.client, payload.id_claims)
    return Authentication(payload.sub, payload.session_id, payload.auth_time, payload.acr, payload.amr, acting)


def _id_claims(payload: CodePayload, jti: str, services: GrantServices) -> dict[str, object]:
    """Return the claims asked for the ID token by the ``claims`` parameter; without it nothing is read."""
    if not payload.id_claims:
        return {}
    with_code = services.claims.needs_code(payload.id_claims)
    state = services.tokens.state(payload.grant_id, jti, with_code=with_code)
    return services.claims.released(payload.id_claims, state) if state is not None else {}
