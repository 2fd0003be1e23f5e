"""Where recoveries of accounts are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from idp.model.audit import AuditRecord
from idp.ports.accounts import CredentialRow

CANCELLED: Final = "cancelled"
"""How every cancelled recovery ended; whether one was finished is read from that word, so it is never what somebody wrote as the reason."""


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """A stored recovery.

    ``code`` and ``cancel`` are keyed digests of the activation and the cancel code. It can be finished between ``ready_at`` and
    ``expires_at`` once ``approved_at`` is set. ``evidence`` is what the clerk saw, in the clerk's words.
    """

    id: str
    account_id: str
    path: str
    code: bytes
    cancel: bytes
    evidence: str
    reason: str
    started_by: str
    started_at: int
    ready_at: int
    expires_at: int
    approved_by: str | None = None
    approved_at: int | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    def is_ready(self, now: int) -> bool:
        """Tell whether the activation code can be used now."""
        return self.ended_at is None and self.approved_at is not None and self.ready_at <= now < self.expires_at


class RecoveryStore(Protocol):
    """Recoveries in SQL; an account has one live one at most. What ended never comes back."""

    def begin(self, row: RecoveryRow, record: AuditRecord, *, supersede: bool) -> bool:
        """Insert with the audit record; ends a live one with reason ``superseded`` if so asked, else False where there is one."""
        ...

    def approve(self, recovery_id: str, by: str, now: int, record: AuditRecord) -> bool:
        """Note the second person; False when it has ended, or was approved before."""
        ...

    def end(self, recovery_id: str, by: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a live one without effect; False when it had ended."""
        ...

    def finish(
        self, row: RecoveryRow, password: CredentialRow, now: int, record: AuditRecord, *, former: int = 0
    ) -> bool:
        """Use a ready recovery up; of many callers one gets True, and nothing happens for the others.

        In the same transaction every factor of the account ends and the new password stands, its sessions and grants end, and no device
        is known any more. Of the passwords that stood before the last ``former`` are remembered.
        """
        ...

    def live(self, account_id: str, now: int) -> RecoveryRow | None:
        """Return the recovery that has neither ended nor run out."""
        ...

    def get(self, recovery_id: str) -> RecoveryRow | None:
        """Return one by id."""
        ...

    def cancelled_at(self, account_id: str) -> int:
        """Return when a recovery of the account that was begun from afar was last cancelled, 0 for never."""
        ...

    def recovered_at(self, account_id: str) -> int:
        """Return when the account was last recovered, 0 for never."""
        ...
