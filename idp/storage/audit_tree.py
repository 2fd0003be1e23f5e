"""The audit log's tree in SQL: tiles of 256 hashes, and the size, which is raised by compare-and-swap.

A record's number is drawn inside the transaction of its act, so on PostgreSQL a later number may be committed before an earlier one, and a number
whose transaction was rolled back belongs to nobody. Entering therefore never runs past a number that is missing until it is certain
that nobody can still commit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select, text, update

from idp.errors import DomainError
from idp.ports.audit import TreeGrower
from idp.storage.database import Database, Row
from idp.storage.tables import audit_events, audit_tiles, audit_tree
from policies.merkle import HASH_BYTES, TILE_LEVELS, TILE_WIDTH

_WRITERS: Final = (
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
    "AND relation = 'audit_events'::regclass"
)
"""Whoever inserts takes this lock on the table before it draws a number, and holds it until the transaction has ended."""
_WIDEST_GAP: Final = 100_000
_LEVELS: Final = 7
"""Levels of tiles: 256**7 records are more than there will be."""


class _Gaps:
    """Tells of missing numbers whether somebody may still commit them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writers = database.prepare(text(_WRITERS)) if database.name == "postgresql" else None
        self._suspects: dict[int, frozenset[str]] = {}
        self._dead: frozenset[int] = frozenset()

    def look(self) -> None:
        """See which numbers nobody can commit any more; called before the records are read, in which whoever is gone by now would show."""
        if self._suspects:
            active = self._current()
            self._dead = frozenset(number for number, by in self._suspects.items() if not by & active)

    def note(self, missing: Sequence[int]) -> None:
        """Remember who might have drawn the numbers that the records just read leave out."""
        fresh = [number for number in missing if number not in self._suspects]
        if fresh:
            self._suspects.update(dict.fromkeys(fresh, self._current()))

    def is_dead(self, number: int) -> bool:
        """Tell whether nobody who might have drawn ``number`` was still at work before the records were read."""
        return number in self._dead

    def forget(self, size: int) -> None:
        """Forget the numbers that have been entered."""
        self._suspects = {number: by for number, by in self._suspects.items() if number > size}
        self._dead = frozenset(self._suspects) & self._dead

    def _current(self) -> frozenset[str]:
        # SQLite has one writer at a time, and takes back the number of what it rolls back.
        if self._writers is None:
            return frozenset()
        return frozenset(str(row[0]) for row in self._database.rows(self._writers))


class SqlAuditTree:
    """``ports.audit.AuditTreeStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._gaps = _Gaps(database)
        events, tiles, tree = audit_events.c, audit_tiles.c, audit_tree.c
        self._size = database.prepare(select(tree.size))
        self._waiting = database.prepare(
            select(events.seq, events.commitment)
            .where(events.seq > bindparam("after"))
            .order_by(events.seq)
            .limit(bindparam("batch"))
        )
        self._tile = database.prepare(
            select(tiles.hashes).where(tiles.level == bindparam("level"), tiles.number == bindparam("number"))
        )
        self._advance = database.prepare(
            update(audit_tree).where(tree.size == bindparam("old_size")).values(size=bindparam("new_size"))
        )
        insert = database.insert(audit_tiles).values(
            level=bindparam("level"), number=bindparam("number"), hashes=bindparam("hashes")
        )
        self._put = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[tiles.level, tiles.number], set_={"hashes": insert.excluded.hashes}
            )
        )

    def size(self) -> int:
        """Return how many numbers have their leaf."""
        row = self._database.row(self._size)
        return int(row[0]) if row else 0

    def tile(self, level: int, number: int) -> bytes:
        """Return the hashes of one tile."""
        row = self._database.row(self._tile, {"level": level, "number": number})
        return bytes(row[0]) if row else b""

    def extend(self, grow: TreeGrower, batch: int) -> int:
        """Enter what waits, up to ``batch`` numbers."""
        size, entries = self._settled(batch)
        if not entries:
            return 0
        edge = {level: self._edge(size, level) for level in range(_LEVELS) if _kept(size, level)}
        changed = [
            {"level": one.level, "number": one.number, "hashes": one.hashes} for one in grow(size, entries, edge)
        ]
        with self._database.transaction() as tx:
            if not tx.run(self._advance, {"old_size": size, "new_size": size + len(entries)}):
                return 0
            tx.run_many(self._put, changed)
        self._gaps.forget(size + len(entries))
        return len(entries)

    def _edge(self, size: int, level: int) -> bytes:
        """Return the last tile of a level, cut to a tree of ``size`` leaves: another process may have come before us."""
        return self.tile(level, size >> TILE_LEVELS * (level + 1))[: _kept(size, level) * HASH_BYTES]

    def _settled(self, batch: int) -> tuple[int, list[bytes | None]]:
        """Return the size, and the entries that follow it up to the first number that somebody may still commit."""
        for _ in range(2):
            self._gaps.look()
            size = self.size()
            rows = self._database.rows(self._waiting, {"after": size, "batch": batch})
            self._gaps.note(_missing(size, rows))
            if entries := self._entries(size, rows):
                return size, entries
        return size, []

    def _entries(self, size: int, rows: Sequence[Row]) -> list[bytes | None]:
        entries: list[bytes | None] = []
        for seq, commitment in rows:
            for number in range(size + len(entries) + 1, seq):
                if not self._gaps.is_dead(number):
                    return entries
                entries.append(None)
            entries.append(bytes(commitment))
        return entries


def _kept(size: int, level: int) -> int:
    """Return how many hashes the last tile of ``level`` holds in a tree of ``size`` leaves; 0 where it is full or there is none."""
    return (size >> TILE_LEVELS * level) % TILE_WIDTH


def _missing(size: int, rows: Sequence[Row]) -> list[int]:
    """Return the numbers that the rows leave out; refuses a leap that no honest sequence makes, before it eats the memory."""
    missing: list[int] = []
    if rows and rows[-1][0] - size - len(rows) > _WIDEST_GAP:
        raise DomainError(f"the audit log leaps from number {size} to {rows[-1][0]}: somebody has set its sequence")
    expected = size + 1
    for seq, _ in rows:
        missing.extend(range(expected, seq))
        expected = seq + 1
    return missing
