"""What operators watch and only the database knows: backlogs and locks. A few index reads, asked for once in some seconds."""

from __future__ import annotations

from sqlalchemy import func, select

from idp.storage.audit import count_waiting
from idp.storage.database import Database
from idp.storage.tables import account_locks, outbox


class SqlFigures:
    """Counts."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements; each is served by a partial index over what is open."""
        self._database = database
        waiting, live = outbox.c.state == "waiting", account_locks.c.ended_at.is_(None)
        self._outbox = database.prepare(
            select(outbox.c.kind, func.count(), func.min(outbox.c.created_at)).where(waiting).group_by(outbox.c.kind)
        )
        self._locks = database.prepare(
            select(account_locks.c.reason_code, func.count()).where(live).group_by(account_locks.c.reason_code)
        )

    def outbox(self) -> list[tuple[str, int, int]]:
        """Return kind, how many messages wait, and since when the oldest does (epoch seconds)."""
        return [(str(row[0]), int(row[1]), int(row[2])) for row in self._database.rows(self._outbox)]

    def locks(self) -> list[tuple[str, int]]:
        """Return the ground of live locks and how many there are."""
        return [(str(row[0]), int(row[1])) for row in self._database.rows(self._locks)]

    def unnumbered(self) -> int:
        """Return how many audit records wait for their place in the tree."""
        return count_waiting(self._database)
