"""Where audit records go that belong to no other write; acts carry their record in their own transaction instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from policies.merkle import Tile


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """A search of the log: equal to all fields that are set; moments in microseconds; newest first unless ``ascending``.

    By ``actor`` or ``target`` without a client what clients do with tokens is left out: of that there are millions, and it is found by client.
    """

    account_id: str | None = None
    client_id: str | None = None
    events: tuple[str, ...] = ()
    outcome: str | None = None
    case_code: str | None = None
    actor: str | None = None
    target: str | None = None
    since_us: int | None = None
    until_us: int | None = None
    before_id: str | None = None
    after_id: str | None = None
    limit: int = 100
    ascending: bool = False


class AuditStore(Protocol):
    """Append-only. Rows are ``audit_events`` columns by name. Raises ``StorageUnavailable`` when a record cannot be kept."""

    def append(self, record: AuditRecord) -> None:
        """Insert one record in a transaction of its own (refusals, reads); it draws its number then."""
        ...

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        """Return rows that match, at most ``limit``."""
        ...

    def after(self, seq: int, limit: int) -> list[Mapping[str, object]]:
        """Return the rows with the next numbers after ``seq``, in order."""
        ...

    def chain_end(self) -> tuple[int, str]:
        """Return number and value of the last record that was chained before there was a tree; (0, "") where there was none."""
        ...


class AuditTreeStore(Protocol):
    """The tree over the log: leaf ``n`` is the record numbered ``n + 1``. Grows at its right edge and is never changed elsewhere."""

    def size(self) -> int:
        """Return how many numbers have their leaf."""
        ...

    def tile(self, level: int, number: int) -> bytes:
        """Return the hashes of one tile (``policies.merkle``); empty for one that does not exist."""
        ...

    def extend(self, grow: TreeGrower, batch: int) -> int:
        """Enter up to ``batch`` records that wait, in order of their numbers; returns how many numbers were entered.

        A number that nobody can get any more, since the transaction that drew it was rolled back, is entered as None. Entering stops before a
        number whose transaction may still be under way. Size and tiles change in one transaction; of several processes at once one does the work
        and the others return 0.
        """
        ...


class TreeGrower(Protocol):
    """Computes the tiles that change; the store's only knowledge of hashes."""

    def __call__(self, size: int, entries: Sequence[bytes | None], edge: Mapping[int, bytes]) -> Sequence[Tile]:
        """Return the changed tiles when ``entries`` follow ``size`` leaves; ``edge`` holds the tiles by level that are not full."""
        ...
