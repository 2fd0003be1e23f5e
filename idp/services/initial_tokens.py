"""Initial access tokens: who may register clients over HTTP, how often, until when, and on what terms (RFC 7591 section 3).

An operator issues them. A token is a machine secret of 256 bits, of which only the digest is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clients import terms
from idp import handles
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, Event
from idp.model.initial_token import InitialToken
from idp.ports.initial_tokens import InitialTokenStore
from idp.services.audit import AuditLog

PREFIX: Final = "iat_"
MAX_USES: Final = 10_000
MAX_LIFETIME: Final = 366 * 86400


class InitialTokenService:
    """The only writer of initial access tokens."""

    def __init__(
        self, store: InitialTokenStore, audit: AuditLog, clock: Clock, *, require_pkce: bool, grants: tuple[str, ...]
    ) -> None:
        """Take collaborators; ``require_pkce`` is what confidential clients get that register by a token, ``grants`` are all that there are."""
        self._grants = grants
        self._store = store
        self._audit = audit
        self._clock = clock
        self._require_pkce = require_pkce

    def issue(
        self, document: Mapping[str, Any], *, uses: int, lifetime: int, reason: str = ""
    ) -> tuple[InitialToken, str]:
        """Issue a token for so many registrations within ``lifetime`` seconds; returns it with its secret, told this once.

        ``document`` are the terms as ``clients.terms.checked`` reads them. Raises ``RegistrationRefused``, ``InvalidInput``.
        """
        if not 1 <= uses <= MAX_USES:
            raise InvalidInput(f"must be 1 to {MAX_USES}", field="uses")
        if not 1 <= lifetime <= MAX_LIFETIME:
            raise InvalidInput(f"must be 1 to {MAX_LIFETIME} seconds", field="lifetime")
        token_id, secret, now = handles.new_id(), PREFIX + handles.new_secret(), self._clock.now()
        agreed = terms.checked(
            {"require_pkce": self._require_pkce, **document}, f"initial_access_token:{token_id}", self._grants
        )
        token = InitialToken(token_id, agreed, uses, now, now + lifetime)
        event = AuditEvent(
            Event.INITIAL_TOKEN_ISSUE,
            reason=reason,
            actor="operator:local",
            target=f"initial-token:{token_id}",
            detail={"unit": agreed.unit, "scope": sorted(agreed.scope), "uses": uses, "lifetime": lifetime},
        )
        self._store.add(token, handles.digest(secret), self._audit.record(event))
        return token, secret

    def find(self, secret: str) -> InitialToken | None:
        """Return the token of a secret if it can still be used; nothing is used yet."""
        if not secret.startswith(PREFIX):
            return None
        return self._store.find(handles.digest(secret), self._clock.now())

    def use(self, token: InitialToken) -> bool:
        """Take one use; of parallel last uses one wins."""
        return self._store.use(token.id, self._clock.now())

    def revoke(self, token_id: str, reason: str = "") -> InitialToken:
        """Revoke a token; what was registered by it stays. Raises ``NotFound``."""
        event = AuditEvent(
            Event.INITIAL_TOKEN_REVOKE, reason=reason, actor="operator:local", target=f"initial-token:{token_id}"
        )
        now = self._clock.now()
        known = {token.id: token for token in self._store.all()}
        if token_id not in known or not self._store.revoke(token_id, now, self._audit.record(event)):
            raise NotFound(f"no initial access token {token_id!r}")
        return replace(known[token_id], revoked_at=now)

    def all(self) -> list[InitialToken]:
        """Return every token, oldest first."""
        return self._store.all()
