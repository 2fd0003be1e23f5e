"""Redemptions beside what voids them: on PostgreSQL each could commit in the same instant without seeing the other (decision 0080).

A table without rows is the gate. Each redemption passes it, which costs a lock in memory and no write; a revocation shuts it before it commits. So it
waits for redemptions that looked before it, and sees their grants; those that come after wait until it has committed, and see what it did:
PostgreSQL locks what a statement names before it looks (READ COMMITTED). SQLite has one writer at a time and needs no gate.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, exists, not_, select

from idp.storage.database import Database, Executor, Params, Prepared
from idp.storage.tables import redemption_gate

_SHUT: Final = Prepared(f"LOCK TABLE {redemption_gate.name} IN EXCLUSIVE MODE", {})
"""Against everybody who passes, and nobody who only reads: a backup may hold its lock for an hour."""
_MARK: Final = Prepared("SAVEPOINT shutting", {})
_BACK: Final = Prepared("ROLLBACK TO SAVEPOINT shutting", {})
_TRIES: Final = 3
_DEADLOCK: Final = "40P01"
"""SQLSTATE ``deadlock_detected``; asked by its number, because the driver is an optional extra and takes four megabytes of a process."""


def passing(database: Database) -> list[ColumnElement[bool]]:
    """Return the conditions by which a redemption passes the gate; none where no gate is needed."""
    if database.name != "postgresql":
        return []
    return [not_(exists(select(redemption_gate.c.name).with_for_update(read=True, key_share=True)))]


class RedemptionGate:
    """Shuts the gate for revocations."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._is_needed = database.name == "postgresql"

    def swept(self, tx: Executor, sweep: Prepared, params: Params) -> int:
        """Run a revocation of grants that misses none; returns how many it ended. What voids their codes must stand in ``tx`` already.

        It runs twice: before the gate is shut, so that nothing that holds one of the rows can wait for us while we wait for it, and after, for
        what was redeemed meanwhile.
        """
        done = tx.run(sweep, params)
        if not self._is_needed:
            return done
        self._shut(tx)
        return done + tx.run(sweep, params)

    def _shut(self, tx: Executor) -> None:
        """Shut the gate, also where PostgreSQL ends a circle by us.

        A batch may have passed the gate by a redemption and wait, by a statement behind it, for a row that the first sweep holds. Asked for the
        gate again, we let the server end it by the batch, whose statements go again alone; a revocation has nobody who would do so for it.
        """
        for _ in range(_TRIES - 1):
            tx.run(_MARK)
            try:
                tx.run(_SHUT)
            except Exception as error:
                if getattr(error, "sqlstate", "") != _DEADLOCK:
                    raise
                tx.run(_BACK)
            else:
                return
        tx.run(_SHUT)
