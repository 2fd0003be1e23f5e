"""The audit log in SQL, and the prepared INSERT that every other adapter runs inside its own transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from idp.model.audit import AuditRecord
from idp.ports.audit import AuditLinker, AuditQuery
from idp.storage.database import Database, Executor, Prepared
from idp.storage.tables import audit_events

_INSERTED = (
    *("id", "at_us", "event", "outcome", "reason", "case_code", "actor"),
    *("account_id", "client_id", "session_id", "target", "detail", "sealed", "mac"),
)
_PAGE = 1_000


def record_params(record: AuditRecord) -> dict[str, object]:
    """Return the record's values under the names that ``record_statement`` binds."""
    return {f"a_{name}": value for name, value in record.values.items()}


def record_statement(database: Database) -> Prepared:
    """Return the INSERT of one record; ``Database.claim_and_record`` takes it as its second half."""
    values = {name: bindparam(f"a_{name}", type_=audit_events.c[name].type) for name in _INSERTED}
    return database.prepare(audit_events.insert().values(values))


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
        self._waiting = database.prepare(
            select(audit_events).where(columns.seq.is_(None)).order_by(columns.id).limit(bindparam("batch"))
        )
        self._last = database.prepare(
            select(columns.seq, columns.chain).where(columns.seq.is_not(None)).order_by(columns.seq.desc()).limit(1)
        )
        self._number = database.prepare(
            update(audit_events)
            .where(columns.id == bindparam("row_id"))
            .values(seq=bindparam("new_seq"), chain=bindparam("new_chain"))
        )
        self._numbered = database.prepare(
            select(audit_events).where(columns.seq > bindparam("after")).order_by(columns.seq).limit(_PAGE)
        )
        self._unnumbered = database.prepare(
            select(audit_events)
            .where(columns.seq.is_(None), columns.id > bindparam("after"))
            .order_by(columns.id)
            .limit(_PAGE)
        )

    def append(self, record: AuditRecord) -> None:
        """Insert one record in a transaction of its own."""
        self._database.run(self._recorder.statement, record_params(record))

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        """Return rows that match; built for each call, as no hot path searches the log."""
        rows = self._database.rows(self._database.prepare(_filtered(query)))
        return [_named(row) for row in rows]

    def sequence(self, link: AuditLinker, batch: int) -> int:
        """Number and chain waiting rows under a lock between processes, in one transaction."""
        with self._database.exclusive("audit-sequence") as mine:
            if not mine:
                return 0
            waiting = [_named(row) for row in self._database.rows(self._waiting, {"batch": batch})]
            if not waiting:
                return 0
            with self._database.transaction() as tx:
                last = tx.row(self._last)
                seq, chain = (int(last[0]), bytes(last[1])) if last else (0, b"")
                updates = []
                for row in waiting:
                    seq += 1
                    chain = link(chain, seq, row)
                    updates.append({"row_id": row["id"], "new_seq": seq, "new_chain": chain})
                tx.run_many(self._number, updates)
        return len(waiting)

    def head(self) -> tuple[int, bytes]:
        """Return the number and the chain value of the last sequenced record."""
        last = self._database.row(self._last)
        return (int(last[0]), bytes(last[1])) if last else (0, b"")

    def in_sequence(self) -> Iterator[Mapping[str, object]]:
        """Yield sequenced rows by number, then the waiting ones by id, a page at a time."""
        yield from self._pages(self._numbered, "seq", 0)
        yield from self._pages(self._unnumbered, "id", "")

    def _pages(self, statement: Prepared, key: str, start: object) -> Iterator[Mapping[str, object]]:
        after = start
        while rows := self._database.rows(statement, {"after": after}):
            for row in rows:
                named = _named(row)
                yield named
                after = named[key]


_NAMES = tuple(column.name for column in audit_events.columns)


def _named(row: tuple[Any, ...]) -> Mapping[str, object]:
    return dict(zip(_NAMES, row, strict=True))


def _filtered(query: AuditQuery) -> Select[Any]:
    columns = audit_events.c
    statement = select(audit_events).limit(query.limit)
    for name in ("account_id", "client_id", "outcome", "case_code"):
        if (wanted := getattr(query, name)) is not None:
            statement = statement.where(columns[name] == wanted)
    if query.events:
        statement = statement.where(columns.event.in_(query.events))
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
    """Return how many records wait for their number; a growing figure means that no worker runs."""
    row = database.row(database.prepare(select(func.count()).where(audit_events.c.seq.is_(None))))
    return int(row[0]) if row else 0
