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
_MARK: Final = Prepared("SAVEPOINT sweeping", {})
_BACK: Final = Prepared("ROLLBACK TO SAVEPOINT sweeping", {})
_TRIES: Final = 10
"""Each with another batch, and after a second of waiting (``deadlock_timeout``): who takes part in ten circles is told to come again."""
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

        A batch may have passed the gate by a redemption and wait, by a statement behind it, for a row that the first sweep holds. PostgreSQL ends
        such a circle by one of the two. If by us, the rows are given back, so that the batch goes on and cannot meet us in a circle again. Asking
        for the gate alone once more would not do: a process looks for a circle once in a wait, the batch may have looked while we were not
        waiting, and then it is us who are ended, every time.
        """
        if not self._is_needed:
            return tx.run(sweep, params)
        tx.run(_MARK)
        for _ in range(_TRIES - 1):
            try:
                return _shut(tx, sweep, params)
            except Exception as error:
                if getattr(error, "sqlstate", "") != _DEADLOCK:
                    raise
                tx.run(_BACK)
        return _shut(tx, sweep, params)


def _shut(tx: Executor, sweep: Prepared, params: Params) -> int:
    done = tx.run(sweep, params)
    tx.run(_SHUT)
    return done + tx.run(sweep, params)
