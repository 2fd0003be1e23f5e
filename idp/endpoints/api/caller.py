"""Who calls: the administrator behind an access token for this API, a person's at level 2, or a client's own.

Everything that can end a token is asked at each request: the grant and the session behind it, the account, the client, the keys. The rights are
read anew as well, so that who was demoted a moment ago has none.
"""

from __future__ import annotations

from typing import Final

from clients.registry import ClientRegistry
from idp.clock import Clock
from idp.flows.administration.administrator import Administrator, Administrators
from idp.flows.administration.gate import LEVEL
from idp.protocol.bearer import AccessClaims, AccessTokens
from idp.protocol.errors import InsufficientUserAuthentication, InvalidToken
from idp.protocol.sender_constraints import SenderConstraints
from idp.protocol.wire import WireRequest
from idp.services.tokens import TokenService
from policies import assurance, delegation

_NO_SCOPE: Final = "the access token has no scope of administration"


class Callers:
    """Finds the administrator of a request."""

    def __init__(
        self,
        access: AccessTokens,
        tokens: TokenService,
        registry: ClientRegistry,
        senders: SenderConstraints,
        administrators: Administrators,
        clock: Clock,
        max_age: int,
    ) -> None:
        """Take collaborators; ``access`` accepts tokens for this API alone; ``max_age`` (seconds) is how old a sign-in may be."""
        self._access = access
        self._tokens = tokens
        self._registry = registry
        self._senders = senders
        self._administrators = administrators
        self._clock = clock
        self._max_age = max_age

    def of(self, request: WireRequest) -> Administrator:
        """Return the administrator; raises ``ProtocolError``."""
        presented = self._access.presented(request)
        token = self._access.verified(presented)
        self._senders.check(request, presented, token.claims)
        if "act" in token.claims:
            raise InvalidToken("an exchanged token does not administer", reason="exchanged")
        scopes = frozenset(name for name in token.scope if name in delegation.SCOPES)
        if not scopes:
            raise InvalidToken(_NO_SCOPE, reason="no_scope")
        return (
            self._person(request, presented, token, scopes)
            if token.grant_id
            else self._client(request, presented, token, scopes)
        )

    def rights(self, who: Administrator) -> tuple[str, ...]:
        """Return what somebody's rights rest on at this moment: an answer that was kept is given again under the same alone."""
        return self._administrators.rights(who)

    def _person(
        self, request: WireRequest, presented: str, token: AccessClaims, scopes: frozenset[str]
    ) -> Administrator:
        state = self._tokens.state(token.grant_id, token.jti)
        if state is None or not state.is_live:
            raise InvalidToken("the access token was revoked", reason="token_revoked")
        if state.mandate_id:
            raise InvalidToken("who acts for somebody else does not administer", reason="acting")
        self._access.confirmed(presented, token, state.versions.keys)
        self._check_client(token, state.versions.clients)
        acr = str(token.claims.get("acr", ""))
        age = self._clock.now() - int(token.claims.get("auth_time", 0))
        if not assurance.satisfies(acr, LEVEL) or age > self._max_age:
            raise InsufficientUserAuthentication(
                "administration takes a recent sign-in at level 2", acr_values=(LEVEL,), max_age=self._max_age
            )
        return self._administrators.person(
            state.account_id,
            acr,
            scopes=scopes,
            client_id=token.client_id,
            case_code=request.case_code,
            address=request.address,
        )

    def _client(
        self, request: WireRequest, presented: str, token: AccessClaims, scopes: frozenset[str]
    ) -> Administrator:
        is_revoked, versions = self._tokens.is_token_revoked(token.jti)
        if is_revoked:
            raise InvalidToken("the access token was revoked", reason="token_revoked")
        self._access.confirmed(presented, token, versions.keys)
        self._check_client(token, versions.clients)
        return self._administrators.client(
            token.client_id, scopes=scopes, case_code=request.case_code, address=request.address
        )

    def _check_client(self, token: AccessClaims, version: int) -> None:
        """The client must still be there, and may have lost the scope since."""
        self._registry.observe(version)
        client = self._registry.find(token.client_id)
        if client is None or not client.is_active:
            raise InvalidToken("the client is no longer active", reason="client_inactive")
        if token.claims["iat"] < client.not_before or not token.scope <= client.scope:
            raise InvalidToken("the access token was revoked", reason="before_mark")
