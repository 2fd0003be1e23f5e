"""Where audit records go that belong to no other write; acts carry their record in their own transaction instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A search of the log: equal to all fields that are set; moments in microseconds; newest first unless ``ascending``."""

    account_id: str | None = None
    client_id: str | None = None
    events: tuple[str, ...] = ()
    outcome: str | None = None
    case_code: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    before_id: str | None = None
    after_id: str | None = None
    limit: int = 100
    ascending: bool = False


class AuditStore(Protocol):
    """Append-only. Rows are ``audit_events`` columns by name. Raises ``StorageUnavailable`` when a record cannot be kept."""

    def append(self, record: AuditRecord) -> None:
        """Insert one record in a transaction of its own (refusals, reads)."""
        ...

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        """Return rows that match, at most ``limit``."""
        ...

    def sequence(self, link: AuditLinker, batch: int) -> int:
        """Number and chain up to ``batch`` unsequenced rows in order of id, in one transaction; 0 when none or when another does it."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Return the number and the chain value of the last sequenced record; (0, b"") for an empty log."""
        ...

    def in_sequence(self) -> Iterator[Mapping[str, object]]:
        """Yield all sequenced rows by ``seq``, then the unsequenced ones by id; constant memory."""
        ...


class AuditLinker(Protocol):
    """Computes the next link of the chain; the sequencer's only knowledge of cryptography."""

    def __call__(self, previous: bytes, seq: int, row: Mapping[str, object]) -> bytes:
        """Return the chain value of ``row`` at ``seq`` after ``previous`` (empty at the start)."""
        ...
