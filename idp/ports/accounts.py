"""Where accounts, their identity codes and their subjects are kept. Values are sealed before they get here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


class AccountStore(Protocol):
    """Accounts in SQL; raises ``Conflict`` when a current code is taken."""

    def add(self, new: NewAccount, record: AuditRecord) -> None:
        """Insert an account with codes, credentials and audit record in one transaction."""
        ...

    def get(self, account_id: str) -> AccountRow | None:
        """Return an account by id."""
        ...

    def by_lookup(self, lookup: bytes) -> AccountRow | None:
        """Return the account that a current code belongs to."""
        ...

    def by_external_id(self, external_id: str) -> AccountRow | None:
        """Return the account with a source system's id."""
        ...

    def codes(self, account_id: str) -> list[CodeRow]:
        """Return the history of an account's codes, newest first."""
        ...

    def change_state(self, account_id: str, state: str, reason: str | None, now: int, record: AuditRecord) -> bool:
        """Set an account's state; with ``locked`` and ``closed`` its sessions and grants end in the same transaction."""
        ...

    def change_profile(self, row: AccountRow, record: AuditRecord) -> bool:
        """Replace profile, level and unit if ``updated_at`` has not moved past the row's; False when it has."""
        ...

    def add_code(self, code: CodeRow, record: AuditRecord) -> None:
        """Give an account another current code."""
        ...

    def end_code(self, code_id: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a current code; False if it had ended."""
        ...

    def merge(self, loser: str, winner: str, now: int, reason: str, record: AuditRecord) -> bool:
        """Merge one account into another in one transaction; False when either is not what it was."""
        ...

    def count_samples(self) -> int:
        """Return how many sample accounts exist."""
        ...


class CredentialStore(Protocol):
    """Factors in SQL."""

    def get(self, account_id: str, kind: str) -> CredentialRow | None:
        """Return a factor."""
        ...

    def kinds(self, account_id: str) -> frozenset[str]:
        """Return the names of an account's factors."""
        ...

    def put(self, row: CredentialRow, record: AuditRecord) -> None:
        """Store or replace a factor with the audit record in one transaction."""
        ...

    def use_step(self, account_id: str, step: int) -> bool:
        """Note that the TOTP time step was used, if it is later than every one before: of many callers one gets True."""
        ...
