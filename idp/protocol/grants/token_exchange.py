"""``urn:ietf:params:oauth:grant-type:token-exchange`` (RFC 8693): a system that was given a person's token goes on to the next one.

The new token lives by the grant of the subject token: what ends that family ends it too. It never lives longer, never allows more, and its ``sub`` is
that of the audience's sector: the systems on the way learn no common name for the person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from clients import exchange as exchange_field
from clients.model import Client
from clients.rules import TOKEN_EXCHANGE
from idp import handles
from idp.model.audit import AuditEvent, Event
from idp.model.mandate import Acting
from idp.ports.grants import TokenState
from idp.protocol.bearer import AccessClaims
from idp.protocol.errors import InvalidRequest, InvalidScope, InvalidTarget, InvalidToken, ProtocolError
from idp.protocol.grants.frame import GrantServices, TokenRequest
from idp.protocol.levels import told_claims
from idp.protocol.parameters import several
from policies import exchange

NAME: Final = TOKEN_EXCHANGE
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_TYPES: Final = frozenset({ACCESS_TOKEN, JWT})
_ERRORS: Final[dict[str, type[ProtocolError]]] = {
    "audience_not_allowed": InvalidTarget,
    "scope_widened": InvalidScope,
}
"""What a refusal of the policy is on the wire; anything else is ``invalid_request`` (RFC 8693 section 2.2.2)."""


def token_exchange(request: TokenRequest, services: GrantServices) -> dict[str, Any]:
    """Exchange a person's access token for one at another audience."""
    client = request.client
    target, server = _target(request, services)
    subject, state = _read(request, services, "subject")
    actor = _actor(request, services, server)
    acting = _acting(state, services, server)
    facts = _facts(request, subject, target, actor)
    if acting is not None:
        told = exchange.retold(facts.act, acting.claims.get("act"))
        facts = replace(facts, act=told, capacity=acting.capacity, accepted=server.capacities)
    decision = exchange.decide(exchange_field.rules(client.token_exchange), facts)
    if decision.refusal:
        error = _ERRORS.get(decision.refusal, InvalidRequest)
        raise error("this exchange is not allowed", reason=decision.refusal)
    sub = services.subjects.subject(state.account_id, server)
    scope, jti = " ".join(name for name in subject.claims["scope"].split() if name in decision.scope), handles.new_id()
    versions = services.tokens.recorded(_event(request, subject, state, target, actor, jti, scope))
    ring = services.keys_after(client, versions)
    lifetime = services.mint.lifetime_until(subject.expires_at)
    changes: dict[str, Any] = {"sub": sub, "aud": target, "client_id": client.client_id, "scope": scope, "jti": jti}
    changes |= {"exp": services.mint.now() + lifetime}
    if acting is not None and "on_behalf_of" in acting.claims:
        changes["on_behalf_of"] = acting.claims["on_behalf_of"]
    changes |= {name: claim for name, claim in (("act", decision.act), ("may_act", decision.may_act)) if claim}
    return {
        "access_token": services.mint.exchanged_token(ring, told_claims(subject.claims, client, server), changes),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": scope,
    }


def _acting(state: TokenState, services: GrantServices, server: Client) -> Acting | None:
    """Return the mandate of the subject token as the audience's system is told of it; raises ``InvalidRequest`` when it has ended."""
    if not state.mandate_id:
        return None
    acting = services.acting.of(state.mandate_id, server)
    if acting is None:
        raise InvalidRequest("the subject_token is not valid any more", reason="subject_mandate_ended")
    return acting


def _target(request: TokenRequest, services: GrantServices) -> tuple[str, Client]:
    """Return the one audience and the client that serves it: a token for several could be carried from one to the other."""
    names = (*several(request.parameters, "audience"), *several(request.parameters, "resource"))
    if len(set(names)) != 1:
        raise InvalidTarget("name one audience or resource", reason="target_count")
    (target,) = services.resources.checked(request.client, names)
    server = services.resources.server(target)
    if server is None:
        raise InvalidTarget("this audience is not exchanged for", reason="audience_not_allowed")
    return target, server


def _read(request: TokenRequest, services: GrantServices, role: str) -> tuple[AccessClaims, TokenState]:
    """Return a live access token of a person; raises ``InvalidRequest`` for everything else (RFC 8693 section 2.2.2)."""
    claims = _verified(request, services, role)
    if not claims.grant_id:
        raise InvalidRequest(f"the {role}_token is not a person's", reason=f"{role}_not_a_person")
    return claims, _live(claims, request, services, role)


def _verified(request: TokenRequest, services: GrantServices, role: str) -> AccessClaims:
    parameters = request.parameters
    token, kind = parameters.get(f"{role}_token"), parameters.get(f"{role}_token_type")
    if token is None or kind is None:
        raise InvalidRequest(f"{role}_token and {role}_token_type belong together", reason=f"{role}_token_missing")
    if kind not in _TYPES or parameters.get("requested_token_type", ACCESS_TOKEN) not in _TYPES:
        raise InvalidRequest("only access tokens are exchanged, and only for access tokens", reason="token_type")
    try:
        claims = services.access_tokens.verified(token, for_us=False)
    except InvalidToken as error:
        raise InvalidRequest(f"the {role}_token is not valid", reason=f"{role}_{error.reason}") from error
    if "cnf" in claims.claims:
        # Exchanged for a bearer token, it would lose what protects it from whoever sees it.
        raise InvalidRequest(f"a sender-constrained {role}_token is not exchanged", reason=f"{role}_bound")
    return claims


def _live(claims: AccessClaims, request: TokenRequest, services: GrantServices, role: str) -> TokenState:
    state = services.tokens.state(claims.grant_id, claims.jti)
    if state is None or not state.is_live:
        raise InvalidRequest(f"the {role}_token is not valid any more", reason=f"{role}_revoked")
    # Looks at the versions that rode along: a client that was suspended, or whose tokens were all revoked, gives nothing on.
    services.authenticator.still_active(request.client, state.versions.clients)
    owners = [services.find_client(one) for one in {claims.client_id, state.client_id}]
    if any(one is None or not one.is_active or claims.claims["iat"] < one.not_before for one in owners):
        raise InvalidRequest(f"the {role}_token is not valid any more", reason=f"{role}_client_revoked")
    try:
        services.access_tokens.confirmed(request.parameters[f"{role}_token"], claims, state.versions.keys)
    except InvalidToken as error:
        raise InvalidRequest(f"the {role}_token is not valid", reason=f"{role}_{error.reason}") from error
    return state


def _actor(request: TokenRequest, services: GrantServices, server: Client) -> str:
    """Return the ``sub`` of who acts: the client itself, or the person whose token, issued to this client, comes along."""
    if "actor_token" not in request.parameters and "actor_token_type" not in request.parameters:
        return request.client.client_id
    claims = _verified(request, services, "actor")
    if claims.client_id != request.client.client_id:
        raise InvalidRequest("the actor_token was issued to another client", reason="actor_of_another_client")
    if not claims.grant_id:
        is_revoked, versions = services.tokens.is_token_revoked(claims.jti)
        now = services.authenticator.still_active(request.client, versions.clients)
        if is_revoked or claims.claims["iat"] < now.not_before:
            raise InvalidRequest("the actor_token is not valid any more", reason="actor_revoked")
        return claims.sub
    return services.subjects.subject(_live(claims, request, services, "actor").account_id, server)


def _facts(request: TokenRequest, subject: AccessClaims, target: str, actor: str) -> exchange.Facts:
    audience = subject.claims["aud"]
    named = frozenset([audience] if isinstance(audience, str) else audience)
    asked = request.parameters.get("scope")
    return exchange.Facts(
        holder=request.client.client_id,
        subject_client=subject.client_id,
        is_meant_for_holder=not named.isdisjoint(request.client.resource_identifiers),
        audience=target,
        scope=subject.scope,
        asked=frozenset(asked.split(" ")) if asked else None,
        actor=actor,
        has_actor_token="actor_token" in request.parameters,
        act=subject.claims.get("act"),
        may_act=subject.claims.get("may_act"),
    )


def _event(
    request: TokenRequest, subject: AccessClaims, state: TokenState, target: str, actor: str, jti: str, scope: str
) -> AuditEvent:
    return AuditEvent(
        Event.TOKEN_EXCHANGE,
        actor=f"client:{request.client.client_id}",
        account_id=state.account_id,
        client_id=request.client.client_id,
        target=f"grant:{subject.grant_id}",
        case_code=request.case_code,
        detail={
            "jti": jti,
            "scope": scope,
            "audience": target,
            "acts": actor,
            "subject_client": subject.client_id,
            "subject_jti": subject.jti,
            "depth": exchange.depth(subject.claims.get("act")),
        },
    )
