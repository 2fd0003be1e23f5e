"""Erasing and archiving of audit records in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, null, or_, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.audit_segments import Erased, Segment
from idp.storage.audit import Recorder, named_row
from idp.storage.database import Database
from idp.storage.tables import audit_events, audit_segments


class SqlAuditKeeper:
    """``ports.audit_segments.AuditKeeper`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        events = audit_events.c
        self._database = database
        self._recorder = Recorder(database)
        person: BindParameter[str] = bindparam("person")
        this: BindParameter[str] = bindparam("person_named")
        self._naming = database.prepare(
            select(audit_events)
            .where(
                or_(events.account_id == person, events.actor == this, events.target == this),
                events.at_us < bindparam("before"),
                events.erased.is_(None),
            )
            .order_by(events.seq)
            .limit(bindparam("page"))
        )
        self._erase = database.prepare(
            update(audit_events)
            .where(events.seq == bindparam("of_seq"), events.erased.is_(None))
            .values(
                dict.fromkeys(("reason", "actor", "target"), "")
                | {name: null() for name in ("account_id", "session_id", "sealed")}
                | {"detail": "{}", "salt": bindparam("rest"), "erased": bindparam("digest")}
            )
        )
        self._prepare_segments(database)

    def _prepare_segments(self, database: Database) -> None:
        events, segments = audit_events.c, audit_segments.c
        self._segments = database.prepare(select(audit_segments).order_by(segments.first))
        self._add = database.prepare(
            audit_segments.insert().values({column.name: bindparam(f"new_{column.name}") for column in segments})
        )
        self._drop = database.prepare(
            delete(audit_events).where(events.seq >= bindparam("low"), events.seq <= bindparam("high"))
        )
        self._replace = database.prepare(
            update(audit_segments)
            .where(segments.first == bindparam("of_first"))
            .values(file=bindparam("to_file"), digest=bindparam("to_digest"))
        )
        self._removed = database.prepare(
            update(audit_segments)
            .where(segments.first == bindparam("of_first"), segments.removed_at.is_(None))
            .values(removed_at=bindparam("moment"))
        )

    def naming(self, account_id: str, before_us: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Return what names an account; by whom and what are not indexed, so this reads the log."""
        values = {"person": account_id, "person_named": f"account:{account_id}", "before": before_us, "page": limit}
        return [named_row(row) for row in self._database.rows(self._naming, values)]

    def erase(self, rows: Sequence[Erased], record: AuditRecord) -> None:
        """Blank the personal parts."""
        with self._database.transaction() as tx:
            tx.run_many(self._erase, [{"of_seq": one.seq, "rest": one.salt, "digest": one.digest} for one in rows])
            self._recorder.write(tx, record)

    def segments(self) -> Sequence[Segment]:
        """Return all segments."""
        return [Segment(*row) for row in self._database.rows(self._segments)]

    def archive(self, segment: Segment, record: AuditRecord) -> bool:
        """Note a segment and remove its records."""
        values = {f"new_{name}": getattr(segment, name) for name in Segment.__slots__}
        try:
            with self._database.transaction() as tx:
                tx.run(self._add, values)
                tx.run(self._drop, {"low": segment.first, "high": segment.last})
                self._recorder.write(tx, record)
        except Conflict:
            return False
        return True

    def replace(self, segment: Segment, record: AuditRecord) -> None:
        """Note another file."""
        with self._database.transaction() as tx:
            tx.run(self._replace, {"of_first": segment.first, "to_file": segment.file, "to_digest": segment.digest})
            self._recorder.write(tx, record)

    def remove(self, first: int, removed_at: int, record: AuditRecord) -> bool:
        """Note that a file went."""
        with self._database.transaction() as tx:
            if not tx.run(self._removed, {"of_first": first, "moment": removed_at}):
                return False
            self._recorder.write(tx, record)
        return True
