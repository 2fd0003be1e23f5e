"""Where accounts, their identity codes and their subjects are kept. Values are sealed before they get here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A stored account; ``profile`` is sealed."""

    id: str
    kind: str
    state: str
    state_reason: str | None
    merged_into: str | None
    identity_level: int
    unit_code: str | None
    sample: int
    external_id: str | None
    profile: bytes
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A stored identity code: ``lookup`` is the blind index, ``sealed`` the value."""

    id: str
    account_id: str
    entity_type: str
    scheme: str
    lookup: bytes
    sealed: bytes
    valid_from: int
    valid_to: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A stored factor."""

    account_id: str
    kind: str
    secret: bytes
    must_change: int
    last_step: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What one insert brings: the account, its codes and its credentials."""

    account: AccountRow
    codes: tuple[CodeRow, ...]
    credentials: tuple[CredentialRow, ...] = ()


@dataclass(frozen=True, slots=True)
class StateChange:
    """A step of an account's life: it happens only while the account is in one of the ``before`` states."""

    account_id: str
    before: tuple[str, ...]
    after: str
    reason: str | None
    now: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Two accounts that are one person's: ``loser`` becomes part of ``winner``."""

    loser: str
    winner: str
    reason: str
    now: int


ALIASES: Final = 8
"""How many codes ``aliases`` looks up at once: more than there are schemes."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Whose a code is, or was for any reason but a mistake (``is_current`` false)."""

    lookup: bytes
    account_id: str
    state: str
    is_current: bool


class AccountStore(Protocol):
    """Accounts in SQL; raises ``Conflict`` when a current code or an external id is taken."""

    def add(self, new: NewAccount, record: AuditRecord) -> None:
        """Insert an account with codes, credentials and audit record in one transaction."""
        ...

    def get(self, account_id: str) -> AccountRow | None:
        """Return an account by id, whatever its state."""
        ...

    def by_lookup(self, lookup: bytes) -> AccountRow | None:
        """Return the account that a current code belongs to."""
        ...

    def by_external_id(self, external_id: str) -> AccountRow | None:
        """Return the account with a source system's id."""
        ...

    def holder(self, lookup: bytes) -> str | None:
        """Return the id of the account that has a code, or had it for any reason but a mistake.

        None when it is free.
        """
        ...

    def aliases(self, lookups: Sequence[bytes]) -> list[Alias]:
        """Return whose the codes are, at most ``ALIASES`` of them; the same work whatever is found."""
        ...

    def codes(self, account_id: str) -> list[CodeRow]:
        """Return the history of an account's codes, newest first."""
        ...

    def change_state(self, change: StateChange, record: AuditRecord) -> bool:
        """Change an account's state.

        With ``locked`` and ``closed`` its sessions and grants end in the same transaction.

        False, and nothing recorded, when it is in none of the states before.
        """
        ...

    def change_profile(self, before: AccountRow, after: AccountRow, record: AuditRecord) -> bool:
        """Replace profile, level, unit and external id.

        False when the stored profile is not that of ``before`` any more.
        """
        ...

    def add_code(self, code: CodeRow, record: AuditRecord) -> None:
        """Give an account another current code."""
        ...

    def end_code(self, code_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a current code; False if it had ended."""
        ...

    def replace_code(self, code_id: str, successor: CodeRow, reason: str, records: tuple[AuditRecord, ...]) -> bool:
        """End a current code and begin its successor in one transaction; False if the first had ended."""
        ...

    def merge(self, merge: Merge, record: AuditRecord) -> bool:
        """Merge in one transaction; False unless the winner is active and the loser has not been merged."""
        ...

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        ...
