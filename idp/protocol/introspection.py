"""Introspection (RFC 7662) and revocation (RFC 7009), for clients that can prove who they are.

A client learns about its own tokens, and those for a resource that it serves; anything else is inactive, without a word why (RFC 7662 section 4).
"""

from __future__ import annotations

from typing import Any

from clients.model import Client
from idp.model.audit import Event
from idp.model.binding import from_text
from idp.protocol.bearer import AccessClaims, AccessTokens
from idp.protocol.client_authentication import ClientAuthenticator
from idp.protocol.errors import InvalidRequest, InvalidToken, ProtocolError
from idp.protocol.levels import told_claims
from idp.protocol.mint import Mint
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse, json_response
from idp.services.acting import ActingClaims
from idp.services.refresh_handles import PREFIX
from idp.services.tokens import TokenService
from keys.ring import LiveRing
from keys.signer import INTROSPECTION
from policies.authorization_details import for_audience

_INACTIVE: dict[str, Any] = {"active": False}


class TokenStatusEndpoints:
    """Introspection and revocation."""

    def __init__(
        self,
        tokens: TokenService,
        access: AccessTokens,
        authenticator: ClientAuthenticator,
        issuer: str,
        refusals: Refusals,
        mint: Mint,
        ring: LiveRing,
        acting: ActingClaims,
    ) -> None:
        """Take collaborators."""
        self._acting = acting
        self._mint = mint
        self._ring = ring
        self._tokens = tokens
        self._access = access
        self._authenticator = authenticator
        self._issuer = issuer
        self._refusals = refusals
        self._mint = mint
        self._ring = ring

    def introspect(self, request: WireRequest) -> WireResponse:
        """Answer whether a token is alive, and what it says."""
        client: Client | None = None
        try:
            parameters = _posted(request)
            client = self._authenticator.confidential(request, parameters)
            status = self._status(_token(parameters), client)
            return self._signed(client, status) if _wants_jwt(request) else json_response(status)
        except ProtocolError as error:
            return self._refusals.answer(Event.INTROSPECT, request, error, client.client_id if client else None)

    def revoke(self, request: WireRequest) -> WireResponse:
        """Revoke a token of the client's own; 200 for any other text, so that nothing can be probed (RFC 7009 section 2.2)."""
        client: Client | None = None
        try:
            parameters = _posted(request)
            client = self._authenticator.authenticate(request, parameters)
            self._revoke(_token(parameters), client, request.case_code)
            return WireResponse(200, NO_STORE)
        except ProtocolError as error:
            return self._refusals.answer(Event.TOKEN_REVOKE, request, error, client.client_id if client else None)

    def _signed(self, client: Client, status: dict[str, Any]) -> WireResponse:
        """Return the answer as a JWT for whoever asked, so that it can be proven to others later (RFC 9701 section 5)."""
        token = self._mint.introspection(self._ring.refresh(), client, status)
        return WireResponse(200, (("Content-Type", f"application/{INTROSPECTION}"), *NO_STORE), token.encode())

    def _status(self, token: str, client: Client) -> dict[str, Any]:
        if token.startswith(PREFIX):
            return self._refresh_status(token, client)
        try:
            access = self._access.verified(token, for_us=False)
        except InvalidToken:
            return _INACTIVE
        served = _served(access, client)
        if not (access.client_id == client.client_id or served) or not self._is_live(token, access, client):
            return _INACTIVE
        shown = {name: value for name, value in told_claims(access.claims, client).items() if name != "gid"}
        if access.client_id != client.client_id and "authorization_details" in shown:
            # A resource learns what concerns it (RFC 9396 section 9.2).
            shown["authorization_details"] = list(for_audience(shown["authorization_details"], served))
        token_type = "DPoP" if "jkt" in shown.get("cnf", ()) else "Bearer"
        return {"active": True, "token_type": token_type, **shown}

    def _refresh_status(self, token: str, client: Client) -> dict[str, Any]:
        found = self._tokens.family(token)
        if found is None:
            return _INACTIVE
        grant, is_newest = found
        if (
            not is_newest
            or grant.client_id != client.client_id
            or self._tokens.is_over(grant, client.refresh_token_idle)
        ):
            return _INACTIVE
        if grant.created_at < client.not_before:
            return _INACTIVE
        acting = self._acting.of(grant.mandate_id, client) if grant.mandate_id else None
        if grant.mandate_id and acting is None:
            return _INACTIVE
        confirmation = from_text(grant.bound_to).confirmation
        return {
            **({"cnf": confirmation} if confirmation is not None else {}),
            **(acting.claims if acting is not None else {}),
            "active": True,
            "client_id": grant.client_id,
            "sub": grant.sub,
            "scope": grant.scope,
            "iss": self._issuer,
            "iat": grant.rotated_at,
            "exp": grant.expires_at,
        }

    def _is_live(self, token: str, access: AccessClaims, client: Client) -> bool:
        origin = access.client_id
        if access.grant_id:
            state = self._tokens.state(access.grant_id, access.jti)
            if state is None or not state.is_live:
                return False
            versions, origin = state.versions, state.client_id
        else:
            is_revoked, versions = self._tokens.is_token_revoked(access.jti)
            if is_revoked:
                return False
        now = self._authenticator.still_active(client, versions.clients)
        # Whoever asks, it is the state of the client to whom the token was given that counts.
        owner = now if access.client_id == client.client_id else self._authenticator.find(access.client_id)
        # Nor does a token that was exchanged outlive the client whose token it was made of.
        owners = (owner,) if origin == access.client_id else (owner, self._authenticator.find(origin))
        if any(one is None or not one.is_active or access.claims["iat"] < one.not_before for one in owners):
            return False
        try:
            self._access.confirmed(token, access, versions.keys)
        except InvalidToken:
            return False
        return True

    def _revoke(self, token: str, client: Client, case_code: str) -> None:
        """A refresh token takes its whole family with it (RFC 7009 section 2.1), also a rotated one: its owner may have lost the answer."""
        if token.startswith(PREFIX):
            found = self._tokens.family(token)
            if found is not None and found[0].client_id == client.client_id:
                self._tokens.revoke(found[0].id, client.client_id, "client", case_code)
            return
        try:
            access = self._access.verified(token, for_us=False)
        except InvalidToken:
            return
        if access.client_id == client.client_id:
            self._tokens.revoke_token(access.jti, client.client_id, access.expires_at, case_code)


def _served(access: AccessClaims, client: Client) -> frozenset[str]:
    """Return the resources of the client that the token is for: a resource may ask about what it is shown (RFC 7662 section 2.1)."""
    audience = access.claims["aud"]
    return frozenset(client.resource_identifiers) & frozenset([audience] if isinstance(audience, str) else audience)


def _wants_jwt(request: WireRequest) -> bool:
    """RFC 9701 section 4: a plain question without ``Accept`` gets JSON as ever."""
    accepted = request.header("accept")
    return INTROSPECTION in accepted and any(
        one.partition(";")[0].strip().lower() == f"application/{INTROSPECTION}" for one in accepted.split(",")
    )


def _posted(request: WireRequest) -> dict[str, str]:
    if request.method != "POST":
        raise InvalidRequest("this endpoint takes POST only", reason="method")
    return form_parameters(request)


def _token(parameters: dict[str, str]) -> str:
    token = parameters.get("token")
    if token is None:
        raise InvalidRequest("token is missing", reason="token_parameter_missing")
    return token
