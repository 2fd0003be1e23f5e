"""Where passkeys and recovery codes are kept, and how a factor is taken away without taking the last one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """A stored passkey; ``name`` is sealed, ``transports`` are words with spaces between, flags are 0 or 1."""

    id: str
    account_id: str
    digest: bytes
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str
    is_synced: int
    is_backed_up: int
    name: bytes
    created_at: int
    last_used_at: int | None = None


class PasskeyStore(Protocol):
    """Passkeys in SQL."""

    def of_account(self, account_id: str) -> list[PasskeyRow]:
        """Return a person's passkeys, oldest first."""
        ...

    def by_digest(self, digest: bytes) -> PasskeyRow | None:
        """Return the passkey of a credential id, whoever's it is."""
        ...

    def add(self, row: PasskeyRow, most: int, record: AuditRecord) -> bool:
        """Insert with the audit record; False when the person has ``most`` already. Raises ``Conflict`` for a known credential."""
        ...

    def rename(self, account_id: str, passkey_id: str, name: bytes, record: AuditRecord) -> bool:
        """Give one of the person's passkeys another (sealed) name; False when there is none."""
        ...

    def use(self, passkey_id: str, sign_count: int, *, is_backed_up: bool, now: int) -> bool:
        """Note a use, unless the counter does not go up; False then: the key was copied, or the answer is an old one.

        A counter that stays at zero is none (WebAuthn section 6.1.1).
        """
        ...


@dataclass(frozen=True, slots=True)
class RecoverySet:
    """How many recovery codes a person has left, and when the set was made."""

    left: int
    created_at: int


class RecoveryCodeStore(Protocol):
    """Recovery codes in SQL, as digests."""

    def replace(self, account_id: str, digests: Sequence[bytes], now: int, record: AuditRecord) -> None:
        """Put a new set in the place of the old one, with the audit record in one transaction."""
        ...

    def use(self, account_id: str, digest: bytes, now: int, record: AuditRecord) -> bool:
        """Use a code up and record it; of many callers one gets True, and so does nobody for an unknown code."""
        ...

    def state(self, account_id: str) -> RecoverySet | None:
        """Return what is left of a person's set, None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class TrustedRow:
    """A stored trusted browser; ``digest`` and ``previous`` (empty for none) are of cookie and account together, ``name`` is sealed."""

    id: str
    account_id: str
    digest: bytes
    previous: bytes
    name: bytes
    created_at: int
    last_used_at: int | None
    expires_at: int


class TrustedDeviceStore(Protocol):
    """Trusted browsers in SQL."""

    def of_account(self, account_id: str, now: int) -> list[TrustedRow]:
        """Return a person's trusted browsers that have not expired, oldest first."""
        ...

    def add(self, row: TrustedRow, record: AuditRecord, *, most: int) -> None:
        """Insert with the audit record; of more than ``most`` the oldest go."""
        ...

    def use(self, account_id: str, digest: bytes, following: bytes, now: int) -> bool:
        """Put the digest of the next cookie in the place of this one's; of many callers with one cookie one gets True."""
        ...

    def end_copied(self, account_id: str, digest: bytes, before: int, record: AuditRecord) -> bool:
        """Remove the browser whose cookie this was till it was used, at ``before`` or earlier, with the audit record."""
        ...

    def end_all(self, account_id: str, record: AuditRecord) -> int:
        """Remove all of a person's, recorded; returns how many, and records nothing for none."""
        ...


class Removal(Enum):
    """How a removal ended."""

    DONE = "done"
    ABSENT = "absent"
    LAST = "last"


class FactorRemovals(Protocol):
    """Takes factors away, one at a time for each person."""

    def remove(
        self,
        account_id: str,
        factor: str,
        item: str,
        may: Callable[[frozenset[str], frozenset[str]], bool],
        record: AuditRecord,
    ) -> Removal:
        """Remove one item of a factor with the audit record, if ``may`` (names before, names after) says yes.

        ``item`` is the passkey's id; other factors have one item. Of two removals at the same moment the second sees what the first
        has left, so that not both take what they think is the last but one.
        """
        ...
