"""Where factors are kept.

The row's class lives in ``ports.accounts``, because a new account may bring credentials along.
"""

from __future__ import annotations

from typing import Protocol

from idp.model.audit import AuditRecord
from idp.ports.accounts import CredentialRow


class CredentialStore(Protocol):
    """Factors in SQL."""

    def get(self, account_id: str, kind: str) -> CredentialRow | None:
        """Return a factor."""
        ...

    def kinds(self, account_id: str) -> frozenset[str]:
        """Return the names of an account's factors."""
        ...

    def put(self, row: CredentialRow, record: AuditRecord, *, former: int | None = None) -> None:
        """Store or replace a factor with the audit record in one transaction; of what it replaces the last ``former`` are remembered, None: as is."""
        ...

    def former(self, account_id: str) -> list[bytes]:
        """Return the hashes of former passwords that are remembered, newest first."""
        ...

    def upgrade(self, row: CredentialRow, old_secret: bytes, record: AuditRecord) -> bool:
        """Replace the secret only while it is ``old_secret``; False when it was changed or removed meanwhile."""
        ...

    def remove(self, account_id: str, kind: str, record: AuditRecord) -> bool:
        """Remove a factor with the audit record in one transaction; False when there was none."""
        ...

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the TOTP time step was used, if it is later than every one before.

        Of many callers one gets True.
        """
        ...
