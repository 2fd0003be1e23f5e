"""Where the locks of accounts are kept, each with its ground."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from policies.locks import Reason, Scope


@dataclass(frozen=True, slots=True)
class LockRow:
    """A stored lock. ``ends_at`` is when it ends on its own; ``reason`` is the operator's sentence."""

    id: str
    account_id: str
    scope: str
    reason_code: str
    reason: str
    reference: str
    locked_by: str
    locked_at: int
    ends_at: int | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    @property
    def closes_account(self) -> bool:
        """Tell whether the account itself is closed by it, and not only signing in on unknown devices."""
        return self.scope == Scope.ACCOUNT

    @property
    def ground(self) -> str:
        """Return the ground as pages name it; a word of a later release is an operator's."""
        return self.reason_code if self.reason_code in set(Reason) else Reason.OPERATOR


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of some locks of one account: who ended them, when, and why."""

    account_id: str
    lock_ids: tuple[str, ...]
    now: int
    ended_by: str
    reason: str


class LockStore(Protocol):
    """Locks in SQL.

    An account's ``state`` is ``locked`` as long as a live lock closes it; both change in one transaction with the audit
    record. A closed or merged account is never locked or unlocked.
    """

    def add(self, lock: LockRow, record: AuditRecord) -> bool:
        """Lock: the state changes, and sessions and grants end, where the scope is the account.

        False, and nothing recorded, when the account is closed or merged, or has a live lock on this ground.
        """
        ...

    def end(self, ending: Ending, record: Callable[[bool], AuditRecord]) -> bool:
        """End live locks; the account is active again when none is left that closes it.

        ``record`` makes the audit record from whether that opened the account, which only the transaction knows; it does no I/O.

        False, and nothing recorded, when the account is closed or merged; raises ``Conflict``, and nothing is recorded,
        unless every one of them was live.
        """
        ...

    def live(self, account_id: str, now: int) -> list[LockRow]:
        """Return the locks that have not ended, oldest first; one past its ``ends_at`` is not live if of the sign-in."""
        ...

    def due(self, now: int, limit: int) -> list[LockRow]:
        """Return live locks whose ``ends_at`` has passed."""
        ...

    def of_account(self, account_id: str) -> list[LockRow]:
        """Return the history of an account's locks, newest first."""
        ...
