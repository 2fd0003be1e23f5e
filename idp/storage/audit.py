"""The audit log in SQL, and the prepared INSERT that every other adapter runs inside its own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select, text

from idp.model.audit import AuditRecord
from idp.ports.audit import AuditQuery
from idp.storage.database import Database, Executor, Prepared
from idp.storage.tables import audit_events, audit_tree, deployment
from idp.storage.tables.records import FREQUENT_EVENTS, IS_SELDOM

_INSERTED = (
    *("id", "at_us", "event", "outcome", "reason", "case_code", "actor"),
    *("account_id", "client_id", "session_id", "target", "detail", "sealed", "salt", "commitment", "mac"),
)
_VALUES: Final = itemgetter(*_INSERTED)
_RECORD: Final = (
    audit_events.insert()
    .values({name: bindparam(f"a_{name}", type_=audit_events.c[name].type) for name in _INSERTED})
    .inline()
)
"""Made once: nearly every store prepares it. Core keeps the names of columns to itself, hence the prefix."""
_CHAIN: Final = "audit-chain"


def record_params(record: AuditRecord) -> Mapping[str, object]:
    """Return the record's values under the names that ``record_statement`` binds: those of the columns, so that nothing is renamed."""
    return record.values


def record_statement(database: Database) -> Prepared:
    """Return the INSERT of one record; ``Database.claim_and_record`` takes it as its second half."""
    made = database.prepare(_RECORD, is_hot=True)
    return replace(made, sql=made.sql.replace("%(a_", "%("), take=_VALUES if made.take is not None else None)


class Recorder:
    """Writes records inside the transactions of other adapters; each adapter holds one."""

    __slots__ = ("statement",)

    def __init__(self, database: Database) -> None:
        """Prepare the INSERT once."""
        self.statement = record_statement(database)

    def write(self, tx: Executor, record: AuditRecord) -> None:
        """Insert the record as part of ``tx``."""
        tx.run(self.statement, record_params(record))


class SqlAuditStore:
    """``ports.audit.AuditStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = audit_events.c
        self._database = database
        self._recorder = Recorder(database)
        self._after = database.prepare(
            select(audit_events).where(columns.seq > bindparam("after")).order_by(columns.seq).limit(bindparam("page"))
        )
        self._chain = database.prepare(select(deployment.c.value).where(deployment.c.name == _CHAIN))

    def append(self, record: AuditRecord) -> None:
        """Insert one record in a transaction of its own."""
        self._database.run(self._recorder.statement, record_params(record))

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        """Return rows that match; built for each call, as no hot path searches the log."""
        rows = self._database.search(_filtered(query))
        return [named_row(row) for row in rows]

    def after(self, seq: int, limit: int) -> list[Mapping[str, object]]:
        """Return the rows with the next numbers."""
        return [named_row(row) for row in self._database.rows(self._after, {"after": seq, "page": limit})]

    def chain_end(self) -> tuple[int, str]:
        """Return what the migration noted of the chain."""
        row = self._database.row(self._chain)
        number, _, value = row[0].partition(":") if row else ("0", "", "")
        return int(number), value


_NAMES = tuple(column.name for column in audit_events.columns)


def named_row(row: tuple[Any, ...]) -> Mapping[str, object]:
    """Return a whole row of ``audit_events`` by column name."""
    return dict(zip(_NAMES, row, strict=True))


def _filtered(query: AuditQuery) -> Select[Any]:
    columns = audit_events.c
    statement = select(audit_events).limit(query.limit)
    for name in ("account_id", "client_id", "outcome", "case_code", "actor", "target"):
        if (wanted := getattr(query, name)) is not None:
            statement = statement.where(columns[name] == wanted)
    if query.events:
        statement = statement.where(columns.event.in_(query.events))
    is_by_party = query.client_id is None and not (query.actor is None and query.target is None)
    if (query.events or is_by_party) and not set(query.events) & set(FREQUENT_EVENTS):
        statement = statement.where(text(IS_SELDOM))
    if query.since_us is not None:
        statement = statement.where(columns.at_us >= query.since_us)
    if query.until_us is not None:
        statement = statement.where(columns.at_us < query.until_us)
    if query.before_id is not None:
        statement = statement.where(columns.id < query.before_id)
    if query.after_id is not None:
        statement = statement.where(columns.id > query.after_id)
    return statement.order_by(columns.id.asc() if query.ascending else columns.id.desc())


def count_waiting(database: Database) -> int:
    """Return how many numbers wait for their leaf; a growing figure means that no worker runs."""
    last, size = select(func.max(audit_events.c.seq)).scalar_subquery(), select(audit_tree.c.size).scalar_subquery()
    row = database.row(database.prepare(select(func.coalesce(last, size) - size)))
    return max(0, int(row[0])) if row else 0
