"""The userinfo endpoint (OpenID Connect Core section 5.3): GET and POST, JSON or signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from clients.model import Client
from clients.registry import ClientRegistry
from idp.model.audit import Event
from idp.ports.grants import TokenState
from idp.protocol.bearer import AccessClaims, AccessTokens
from idp.protocol.challenges import Challenges
from idp.protocol.encryption import AnswerEncrypter
from idp.protocol.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
)
from idp.protocol.levels import told_claims
from idp.protocol.mint import Mint
from idp.protocol.refusals import Refusals
from idp.protocol.sender_constraints import SenderConstraints
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse, json_response
from idp.services.acting import ActingClaims
from idp.services.claims import ClaimSource
from idp.services.tokens import TokenService
from keys.ring import KeyRing, LiveRing
from policies import assurance
from policies import claims as claim_policy


class UserinfoEndpoint:
    """Releases the claims of a grant."""

    def __init__(
        self,
        tokens: TokenService,
        access: AccessTokens,
        claims: ClaimSource,
        registry: ClientRegistry,
        mint: Mint,
        ring: LiveRing,
        refusals: Refusals,
        encrypter: AnswerEncrypter,
        senders: SenderConstraints,
        challenges: Challenges,
        acting: ActingClaims,
    ) -> None:
        """Take collaborators."""
        self._acting = acting
        self._encrypter = encrypter
        self._senders = senders
        self._challenges = challenges
        self._tokens = tokens
        self._access = access
        self._claims = claims
        self._registry = registry
        self._mint = mint
        self._ring = ring
        self._refusals = refusals

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the claims, or the error with its challenge (RFC 6750 section 3)."""
        token: AccessClaims | None = None
        try:
            if request.method not in {"GET", "POST"}:
                raise InvalidRequest("userinfo takes GET and POST", reason="method")
            presented = self._access.presented(request)
            token = self._access.verified(presented)
            self._senders.check(request, presented, token.claims)
            if "openid" not in token.scope or not token.grant_id:
                raise InsufficientScope("the access token has no openid scope")
            return self._with_nonce(request, self._released(presented, token))
        except ProtocolError as error:
            self._refusals.record(Event.USERINFO, request, error, token.client_id if token else None)
            return self._challenges.refuse(request, error)

    def _released(self, presented: str, token: AccessClaims) -> WireResponse:
        state = self._state(token)
        self._access.confirmed(presented, token, state.versions.keys)
        self._registry.observe(state.versions.clients)
        client = self._registry.find(token.client_id)
        if client is None or client.state != "active":
            raise InvalidToken("the client is no longer active", reason="client_inactive")
        if token.claims["iat"] < client.not_before:
            raise InvalidToken("the access token was revoked", reason="before_mark")
        _check_level(token, client)
        ring = self._ring.at(state.versions.keys)
        claims = client.still(_within(token.scope, state), state.granted_at)
        if self._claims.needs_code(claims) and state.code_id is None:
            # Asked for by the claims parameter without the scope; the token does not say so, the grant does.
            state = self._state(token, with_code=True)
        released = {**self._claims.released(claims, state), "sub": token.sub}
        if state.mandate_id:
            released |= self._of_mandate(state.mandate_id, client, claims)
        if client.userinfo_signed_response_alg is None and client.userinfo_encrypted_response_alg is None:
            return json_response(released)
        return WireResponse(200, (("Content-Type", "application/jwt"), *NO_STORE), self._jwt(ring, client, released))

    def _of_mandate(self, mandate_id: str, client: Client, claims: int) -> Mapping[str, object]:
        """The one read more, and only where the person acts for somebody: the mandate must still count."""
        acting = self._acting.of(mandate_id, client, claims)
        if acting is None:
            raise InvalidToken("the access token was revoked", reason="mandate_ended")
        return acting.released

    def _jwt(self, ring: KeyRing, client: Client, released: Mapping[str, object]) -> bytes:
        """Return the answer signed, encrypted, or both (OpenID Connect Core section 5.3.2)."""
        alg = client.userinfo_encrypted_response_alg
        if client.userinfo_signed_response_alg is None and alg is not None:
            return self._encrypter.encrypted_only(client, "userinfo", alg, orjson.dumps(released)).encode()
        return self._mint.userinfo(ring, client, client.userinfo_signed_response_alg or "", released).encode()

    def _with_nonce(self, request: WireRequest, response: WireResponse) -> WireResponse:
        headers = self._senders.nonce_headers(request)
        return replace(response, headers=response.headers + headers) if headers else response

    def _state(self, token: AccessClaims, *, with_code: bool = False) -> TokenState:
        state = self._tokens.state(token.grant_id, token.jti, with_code=with_code or "identity" in token.scope)
        if state is None or not state.is_live:
            raise InvalidToken("the access token was revoked", reason="token_revoked")
        return state


def _within(scope: frozenset[str], state: TokenState) -> int:
    """Return the grant's claims without those of the scopes that a refresh left out of this token (RFC 6749 section 6)."""
    left_out = set(state.scope.split(" ")) - scope
    return state.claims & ~claim_policy.for_scopes(left_out) if left_out else state.claims


def _check_level(token: AccessClaims, client: Client) -> None:
    """Ask for a step-up where the client's least level was raised after the token was issued (RFC 9470 section 3)."""
    wanted = client.minimum_acr
    if wanted is None:
        return
    if not assurance.satisfies(str(told_claims(token.claims, client).get("acr", "")), wanted):
        raise InsufficientUserAuthentication("another level of authentication is required", acr_values=(wanted,))
