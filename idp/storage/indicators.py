"""The province's indicator in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import bindparam, case, delete, func, null, select, update

from idp.ports.indicators import FigureRow, Mark, Month, Sighting
from idp.storage.database import Database
from idp.storage.tables import (
    accounts,
    audit_events,
    indicator_figures,
    indicator_marks,
    indicator_months,
    indicator_progress,
    sessions,
)

AUTHENTICATED, IDENTIFIED, STRONG = 1, 2, 4
_COLUMNS = tuple(field.name for field in fields(FigureRow))


class SqlIndicatorStore:
    """``ports.indicators.IndicatorStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._prepare_reading(database)
        self._prepare_counting(database)

    def _prepare_reading(self, database: Database) -> None:
        events, people = audit_events.c, accounts.c
        self._progress = database.prepare(select(indicator_progress.c.seq))
        window = (
            (select(events.seq).where(events.seq > bindparam("after"), events.seq <= bindparam("until")))
            .order_by(events.seq)
            .limit(bindparam("page"))
        )
        self._last = database.prepare(select(func.max(window.subquery().c.seq)))
        joined = audit_events.join(accounts, people.id == events.account_id).outerjoin(
            sessions, sessions.c.id == events.session_id
        )
        self._seen = database.prepare(
            select(
                events.seq,
                events.at_us,
                events.event,
                events.outcome,
                func.coalesce(events.client_id, ""),
                func.coalesce(people.merged_into, people.id),
                people.kind,
                people.identity_level,
                func.coalesce(sessions.c.acr, ""),
            )
            .select_from(joined)
            .where(events.seq > bindparam("after"), events.seq <= bindparam("until"))
            .order_by(events.seq)
        )
        self._months = database.prepare(select(indicator_months))

    def _prepare_counting(self, database: Database) -> None:
        marks, months = indicator_marks.c, indicator_months.c
        self._advance = database.prepare(
            update(indicator_progress)
            .where(indicator_progress.c.seq == bindparam("old_seq"))
            .values(seq=bindparam("new_seq"))
        )
        self._add_month = database.prepare(
            database.insert(indicator_months)
            .values(month=bindparam("month"), sealed_key=bindparam("sealed_key"), closed_at=null())
            .on_conflict_do_nothing(index_elements=[months.month])
        )
        insert = database.insert(indicator_marks).values({column.name: bindparam(column.name) for column in marks})
        self._mark = database.prepare(
            insert.on_conflict_do_update(
                index_elements=[marks.month, marks.client_id, marks.mark],
                set_={"flags": marks.flags.op("|")(insert.excluded.flags)},
            )
        )
        self._clients = database.prepare(
            select(marks.client_id).where(marks.month == bindparam("of_month"), marks.client_id != "").distinct()
        )
        self._close = database.prepare(
            update(indicator_months)
            .where(months.month == bindparam("of_month"), months.closed_at.is_(None))
            .values(closed_at=bindparam("moment"), sealed_key=null())
        )
        self._drop = database.prepare(delete(indicator_marks).where(marks.month == bindparam("of_month")))
        self._keep = database.prepare(
            indicator_figures.insert().values({column.name: bindparam(column.name) for column in indicator_figures.c})
        )
        columns = [indicator_figures.c[name] for name in _COLUMNS]
        self._figures = database.prepare(
            select(*columns).where(indicator_figures.c.month == bindparam("of_month")).order_by(*columns[:3])
        )

    def progress(self) -> int:
        """Return up to which record was counted."""
        row = self._database.row(self._progress)
        return int(row[0]) if row else 0

    def read(self, after: int, until: int, limit: int) -> tuple[int, Sequence[Sighting]]:
        """Return what the next records say of somebody."""
        row = self._database.row(self._last, {"after": after, "until": until, "page": limit})
        # Numbers that nobody got, and records that went into the archive, are passed over.
        last = int(row[0]) if row and row[0] is not None else until
        rows = self._database.rows(self._seen, {"after": after, "until": last})
        return last, [Sighting(*one) for one in rows]

    def months(self) -> Mapping[str, Month]:
        """Return all months."""
        rows = self._database.rows(self._months)
        return {month: Month(month, bytes(key) if key is not None else None, closed) for month, key, closed in rows}

    def advance(self, old: int, new: int, fresh: Sequence[Month], marks: Sequence[Mark]) -> bool:
        """Note progress."""
        with self._database.transaction() as tx:
            if not tx.run(self._advance, {"old_seq": old, "new_seq": new}):
                return False
            for month in fresh:
                tx.run(self._add_month, {"month": month.month, "sealed_key": month.sealed_key})
            tx.run_many(self._mark, [{name: getattr(one, name) for name in Mark.__slots__} for one in marks])
        return True

    def clients(self, month: str) -> Sequence[str]:
        """Return the systems of the month."""
        return sorted(str(row[0]) for row in self._database.rows(self._clients, {"of_month": month}))

    def count(self, month: str, clients: Sequence[str] | None) -> Mapping[str, tuple[int, int, int, int]]:
        """Count distinct pseudonyms."""
        marks = indicator_marks.c
        each = select(
            marks.kind,
            *(
                func.max(case((marks.flags.op("&")(bit) != 0, 1), else_=0)).label(f"b{bit}")
                for bit in (AUTHENTICATED, IDENTIFIED, STRONG)
            ),
        ).where(marks.month == month)
        if clients is not None:
            each = each.where(marks.client_id.in_(clients))
        people = each.group_by(marks.mark, marks.kind).subquery()
        sums = (func.sum(people.c[f"b{bit}"]) for bit in (AUTHENTICATED, IDENTIFIED, STRONG))
        statement = select(people.c.kind, func.count(), *sums).group_by(people.c.kind)
        rows = self._database.search(statement)
        return {str(kind): (int(a), int(b), int(c), int(d)) for kind, a, b, c, d in rows}

    def close(self, month: str, rows: Sequence[FigureRow], closed_at: int) -> bool:
        """Close a month."""
        with self._database.transaction() as tx:
            if not tx.run(self._close, {"of_month": month, "moment": closed_at}):
                return False
            tx.run(self._drop, {"of_month": month})
            values = [{"month": month, **{name: getattr(row, name) for name in _COLUMNS}} for row in rows]
            tx.run_many(self._keep, values)
        return True

    def figures(self, month: str) -> Sequence[FigureRow]:
        """Return the figures of a closed month."""
        return [FigureRow(*row) for row in self._database.rows(self._figures, {"of_month": month})]
