"""Where initial access tokens are kept."""

from __future__ import annotations

from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.initial_token import InitialToken


class InitialTokenStore(Protocol):
    """Initial access tokens in SQL; a use is one conditional statement, so of parallel last uses one wins."""

    def add(self, token: InitialToken, digest: bytes, record: AuditRecord) -> None:
        """Insert with the audit record."""
        ...

    def find(self, digest: bytes, now: int) -> InitialToken | None:
        """Return the token of this digest if it can still be used."""
        ...

    def use(self, token_id: str, now: int) -> bool:
        """Take one use; False when none is left, or the token has ended or was revoked."""
        ...

    def revoke(self, token_id: str, now: int, record: AuditRecord) -> bool:
        """Revoke; False for an unknown or revoked one."""
        ...

    def all(self) -> list[InitialToken]:
        """Return every token, oldest first."""
        ...
