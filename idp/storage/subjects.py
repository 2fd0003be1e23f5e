"""Subjects in SQL."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from idp.storage.database import Database
from idp.storage.tables import subjects


class SqlSubjectStore:
    """``ports.subjects.SubjectStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = subjects.c
        self._database = database
        self._add = database.prepare(
            database.insert(subjects)
            .values(
                sub=bindparam("new_sub"),
                account_id=bindparam("account"),
                sector_id=bindparam("sector"),
                current=1,
                created_at=bindparam("now"),
            )
            .on_conflict_do_nothing()
        )
        self._current = database.prepare(
            select(columns.sub).where(
                columns.account_id == bindparam("account"),
                columns.sector_id == bindparam("sector"),
                columns.current == 1,
            )
        )
        self._aliases = database.prepare(
            select(columns.sub)
            .where(
                columns.account_id == bindparam("account"),
                columns.sector_id == bindparam("sector"),
                columns.current == 0,
            )
            .order_by(columns.created_at, columns.sub)
        )
        self._account = database.prepare(select(columns.account_id).where(columns.sub == bindparam("wanted")))

    def fix(self, account_id: str, sector_id: str, sub: str, now: int) -> str:
        """Store ``sub`` as the current subject unless there is one, and return the one that stands."""
        values = {"new_sub": sub, "account": account_id, "sector": sector_id, "now": now}
        self._database.run(self._add, values)
        return str(self._database.rows(self._current, {"account": account_id, "sector": sector_id})[0][0])

    def known(self, account_id: str, sector_id: str) -> str | None:
        """Return the current subject if there is one."""
        row = self._database.row(self._current, {"account": account_id, "sector": sector_id})
        return str(row[0]) if row else None

    def aliases(self, account_id: str, sector_id: str) -> list[str]:
        """Return the subjects that are no longer current."""
        rows = self._database.rows(self._aliases, {"account": account_id, "sector": sector_id})
        return [str(row[0]) for row in rows]

    def account_of(self, sub: str) -> str | None:
        """Return the account behind a subject."""
        row = self._database.row(self._account, {"wanted": sub})
        return str(row[0]) if row else None
