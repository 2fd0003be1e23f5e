"""What keeps the audit log within its bounds: erasing personal parts, and moving old records out of the database into files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class Erased:
    """What takes the place of a record's personal part."""

    seq: int
    salt: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """Records that lie in a file: numbers, the file's name and SHA-256, the newest record's moment, when it came and when it went."""

    first: int
    last: int
    file: str
    digest: str
    newest_us: int
    archived_at: int
    removed_at: int | None = None


class AuditKeeper(Protocol):
    """The only changes that records know, each with the record that tells of it, in one transaction."""

    def naming(self, account_id: str, before_us: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return records that name the account as whom, by whom or what, made before the moment, and not erased."""
        ...

    def erase(self, rows: Sequence[Erased], record: AuditRecord) -> None:
        """Blank the personal parts."""
        ...

    def segments(self) -> Sequence[Segment]:
        """Return all segments by number."""
        ...

    def archive(self, segment: Segment, record: AuditRecord) -> bool:
        """Note the segment and remove its records; returns False, with nothing done, when its first number is taken."""
        ...

    def replace(self, segment: Segment, record: AuditRecord) -> None:
        """Note that a segment lies in another file now."""
        ...

    def remove(self, first: int, removed_at: int, record: AuditRecord) -> bool:
        """Note that a segment's file was removed; returns False when that was noted before."""
        ...
