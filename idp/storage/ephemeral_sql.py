"""The ephemeral ports over SQL: what runs when no Redis is configured."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import bindparam, case, delete, select, update

from idp.ports.ephemeral import Count, Use
from idp.storage.database import Database
from idp.storage.tables import counters, single_use, transactions


class SqlTransactions:
    """``ports.ephemeral.TransactionStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = transactions.c
        live = (columns.id == bindparam("key"), columns.expires_at > bindparam("now"))
        self._database = database
        insert = database.insert(transactions).values(
            id=bindparam("key"), document=bindparam("new_document"), expires_at=bindparam("new_expires_at")
        )
        self._put = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.id],
                set_={"document": insert.excluded.document, "expires_at": insert.excluded.expires_at},
            )
        )
        self._get = database.prepare(select(columns.document).where(*live))
        self._replace = database.prepare(
            update(transactions)
            .where(columns.id == bindparam("key"), columns.document == bindparam("old_document"))
            .values(document=bindparam("new_document"), expires_at=bindparam("new_expires_at"))
        )
        self._claim = database.prepare(delete(transactions).where(*live).returning(columns.document))

    def put(self, key: str, document: bytes, expires_at: int) -> None:
        """Store or replace a document until ``expires_at``."""
        self._database.run(self._put, {"key": key, "new_document": document, "new_expires_at": expires_at})

    def get(self, key: str, now: int) -> bytes | None:
        """Return the live document or None."""
        row = self._database.row(self._get, {"key": key, "now": now})
        return bytes(row[0]) if row else None

    def replace(self, key: str, old: bytes, new: bytes, expires_at: int) -> bool:
        """Put ``new`` only if the stored document still is ``old``."""
        values = {"key": key, "old_document": old, "new_document": new, "new_expires_at": expires_at}
        return self._database.run(self._replace, values) == 1

    def claim(self, key: str, now: int) -> bytes | None:
        """Remove and return the live document; one caller gets it."""
        row = self._database.row(self._claim, {"key": key, "now": now})
        return bytes(row[0]) if row else None


class SqlSingleUse:
    """``ports.ephemeral.SingleUse`` over SQL."""

    def __init__(self, database: Database, memory_since: Callable[[], int] = lambda: 0) -> None:
        """Prepare the one statement: an insert that also takes over a mark whose life has ended.

        ``memory_since`` is the moment since which no mark can be missing: that of the last restore from a copy, 0 if there was none.
        """
        self._memory_since = memory_since
        columns = single_use.c
        insert = database.insert(single_use).values(key=bindparam("new_key"), expires_at=bindparam("new_expires_at"))
        self._database = database
        self._claim = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.key],
                set_={"expires_at": insert.excluded.expires_at},
                where=columns.expires_at <= bindparam("now"),
            ).returning(columns.key)
        )

    def claim(self, key: str, now: int, expires_at: int) -> bool:
        """Return True to the first caller for ``key`` until ``expires_at``, False to every other."""
        values = {"new_key": key, "new_expires_at": expires_at, "now": now}
        return self._database.row(self._claim, values) is not None

    def claim_issued(self, key: str, now: int, issued_at: int, expires_at: int) -> Use:
        """Claim as above. What a database has acknowledged it keeps, unless somebody put an older state of it back."""
        if issued_at < self._memory_since():
            return Use.FORGOTTEN
        return Use.FIRST if self.claim(key, now, expires_at) else Use.AGAIN


class SqlCounters:
    """``ports.ephemeral.Counters`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements; an addition is one upsert that restarts a counter whose window has run out."""
        columns = counters.c
        insert = database.insert(counters).values(
            key=bindparam("new_key"),
            count=bindparam("amount"),
            first_at=bindparam("now"),
            last_at=bindparam("now"),
            expires_at=bindparam("ends"),
        )
        over = columns.expires_at <= bindparam("now")
        self._database = database
        self._add = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[columns.key],
                set_={
                    "count": case((over, insert.excluded.count), else_=columns.count + insert.excluded.count),
                    "first_at": case((over, insert.excluded.first_at), else_=columns.first_at),
                    "last_at": insert.excluded.last_at,
                    "expires_at": insert.excluded.expires_at,
                },
            ).returning(columns.count, columns.first_at, columns.last_at)
        )
        self._read = database.prepare(
            select(columns.count, columns.first_at, columns.last_at).where(
                columns.key == bindparam("wanted"), columns.expires_at > bindparam("now")
            )
        )
        self._clear = database.prepare(delete(counters).where(columns.key == bindparam("wanted")))

    def add(self, key: str, now: int, window: int, amount: int = 1) -> Count:
        """Add and return the new state in one atomic step."""
        values = {"new_key": key, "amount": amount, "now": now, "ends": now + window}
        row = self._database.rows(self._add, values)[0]
        return Count(int(row[0]), int(row[1]), int(row[2]))

    def read(self, keys: list[str], now: int) -> list[Count | None]:
        """Return the live counters in the order of ``keys``."""
        found = [self._database.row(self._read, {"wanted": key, "now": now}) for key in keys]
        return [Count(int(row[0]), int(row[1]), int(row[2])) if row else None for row in found]

    def clear(self, keys: list[str]) -> None:
        """Forget counters."""
        for key in keys:
            self._database.run(self._clear, {"wanted": key})
