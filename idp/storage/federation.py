"""Subordinates and trust marks in SQL."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, update

from idp.model.audit import AuditRecord
from idp.ports.federation import IssuedMark, Subordinate
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor
from idp.storage.tables import federation_subordinates, federation_trust_marks

_IN_DOCUMENT = ("jwks", "entity_types", "metadata", "metadata_policy", "constraints")


class SqlFederationStore:
    """``ports.federation.FederationStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        self._prepare_subordinates(database)
        self._prepare_marks(database)

    def _prepare_subordinates(self, database: Database) -> None:
        table, columns = federation_subordinates, federation_subordinates.c
        rows = select(table).where(columns.superior == bindparam("wanted_superior"))
        self._all = database.prepare(rows.order_by(columns.entity_id))
        self._of_units = database.prepare(
            select(table).where(columns.superior != "").order_by(columns.entity_id, columns.superior)
        )
        self._one = database.prepare(rows.where(columns.entity_id == bindparam("wanted")))
        insert = database.insert(table).values({column.name: bindparam(f"new_{column.name}") for column in columns})
        self._put = database.prepare(
            insert.on_conflict_do_update(
                index_elements=list(table.primary_key.columns),
                set_={"document": insert.excluded.document},
            )
        )
        this = (columns.superior == bindparam("wanted_superior"), columns.entity_id == bindparam("wanted"))
        self._drop = database.prepare(delete(table).where(*this))

    def _prepare_marks(self, database: Database) -> None:
        table, columns = federation_trust_marks, federation_trust_marks.c
        newest = select(table).order_by(columns.issued_at.desc(), columns.id.desc())
        of_type, of_subject = columns.mark_type == bindparam("of_type"), columns.subject == bindparam("of_subject")
        self._marks = {
            (False, False): database.prepare(newest),
            (True, False): database.prepare(newest.where(of_type)),
            (False, True): database.prepare(newest.where(of_subject)),
            (True, True): database.prepare(newest.where(of_type, of_subject)),
        }
        self._mark = database.prepare(select(table).where(columns.id == bindparam("wanted")))
        self._issue = database.prepare(
            table.insert().values({column.name: bindparam(f"new_{column.name}") for column in columns})
        )
        self._revoke = database.prepare(
            update(table)
            .where(columns.id == bindparam("wanted"), columns.revoked_at.is_(None))
            .values(revoked_at=bindparam("moment"))
        )

    def subordinates(self, superior: str) -> list[Subordinate]:
        """Return whom a unit vouches for, by entity identifier."""
        return [_subordinate(row) for row in self._database.rows(self._all, {"wanted_superior": superior})]

    def subordinate(self, superior: str, entity_id: str) -> Subordinate | None:
        """Return one of them."""
        row = self._database.row(self._one, {"wanted_superior": superior, "wanted": entity_id})
        return _subordinate(row) if row else None

    def of_units(self) -> list[Subordinate]:
        """Return whom units vouch for."""
        return [_subordinate(row) for row in self._database.rows(self._of_units)]

    def put(self, subordinate: Subordinate, record: AuditRecord) -> None:
        """Add or replace."""
        with self._database.transaction() as tx:
            self.put_within(tx, subordinate, record)

    def put_within(self, tx: Executor, subordinate: Subordinate, record: AuditRecord) -> None:
        """Add or replace as part of ``tx``."""
        document = orjson.dumps({name: getattr(subordinate, name) for name in _IN_DOCUMENT}).decode()
        values = {
            "new_superior": subordinate.superior,
            "new_entity_id": subordinate.entity_id,
            "new_document": document,
            "new_created_at": subordinate.created_at,
        }
        tx.run(self._put, values)
        self._recorder.write(tx, record)

    def drop(self, superior: str, entity_id: str, record: AuditRecord) -> bool:
        """Remove; tell whether there was one."""
        with self._database.transaction() as tx:
            return self.drop_within(tx, superior, entity_id, record)

    def drop_within(self, tx: Executor, superior: str, entity_id: str, record: AuditRecord) -> bool:
        """Remove as part of ``tx``."""
        if tx.run(self._drop, {"wanted_superior": superior, "wanted": entity_id}) == 0:
            return False
        self._recorder.write(tx, record)
        return True

    def issue(self, mark: IssuedMark, record: AuditRecord) -> None:
        """Keep a mark."""
        with self._database.transaction() as tx:
            self.issue_within(tx, mark, record)

    def issue_within(self, tx: Executor, mark: IssuedMark, record: AuditRecord) -> None:
        """Keep a mark as part of ``tx``."""
        values = {f"new_{column.name}": getattr(mark, column.name) for column in federation_trust_marks.columns}
        tx.run(self._issue, values)
        self._recorder.write(tx, record)

    def mark(self, mark_id: str) -> IssuedMark | None:
        """Return a mark by its id."""
        row = self._database.row(self._mark, {"wanted": mark_id})
        return IssuedMark(*row) if row else None

    def marks(self, mark_type: str | None = None, subject: str | None = None) -> list[IssuedMark]:
        """Return marks, newest first."""
        given = {"of_type": mark_type, "of_subject": subject}
        statement = self._marks[mark_type is not None, subject is not None]
        params = {name: value for name, value in given.items() if value is not None}
        return [IssuedMark(*row) for row in self._database.rows(statement, params)]

    def revoke(self, mark_id: str, now: int, record: AuditRecord) -> bool:
        """End a mark for good; tell whether it was in force until now."""
        with self._database.transaction() as tx:
            return self.revoke_within(tx, mark_id, now, record)

    def revoke_within(self, tx: Executor, mark_id: str, now: int, record: AuditRecord) -> bool:
        """End a mark as part of ``tx``."""
        if tx.run(self._revoke, {"wanted": mark_id, "moment": now}) == 0:
            return False
        self._recorder.write(tx, record)
        return True


def _subordinate(row: tuple[Any, ...]) -> Subordinate:
    superior, entity_id, document, created_at = row
    values = orjson.loads(document)
    return Subordinate(
        superior, entity_id, **{**values, "entity_types": tuple(values["entity_types"])}, created_at=created_at
    )
