"""Reorganisations of units in SQL; the register's rows are written by ``storage.units``, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.reorganisations import Reorganisation, ReorganisationState
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.tables import accounts, federation_subordinates, reorganisations
from idp.storage.units import SqlUnitStore
from policies.units import Changes, restored

_PLANNED, _IN_FORCE, _UNDONE = ReorganisationState.PLANNED, ReorganisationState.IN_FORCE, ReorganisationState.UNDONE


class SqlReorganisationStore:
    """``ports.reorganisations.ReorganisationStore`` over SQL."""

    def __init__(self, database: Database, units: SqlUnitStore) -> None:
        """Prepare the statements."""
        columns = reorganisations.c
        self._database = database
        self._units = units
        self._recorder = Recorder(database)
        self._insert = database.prepare(
            reorganisations.insert().values({column.name: bindparam(f"new_{column.name}") for column in columns})
        )
        planned = (columns.id == bindparam("wanted"), columns.state == _PLANNED.value)
        self._undo = database.prepare(update(reorganisations).where(*planned).values(state=_UNDONE.value))
        self._settle = database.prepare(
            update(reorganisations).where(*planned).values(state=_IN_FORCE.value, settled_at=bindparam("moment"))
        )
        self._one = database.prepare(select(reorganisations).where(columns.id == bindparam("wanted")))
        self._all = database.prepare(select(reorganisations).order_by(columns.created_at.desc(), columns.id.desc()))

    def add(self, entry: Reorganisation, todo: Changes, version: int, record: AuditRecord) -> None:
        """Write the register's changes and the entry."""
        values = {**asdict(entry), "state": entry.state.value, "document": orjson.dumps(entry.made.document()).decode()}
        values.pop("made")
        with self._database.transaction() as tx:
            self._units.write_within(tx, todo, version)
            tx.run(self._insert, {f"new_{name}": value for name, value in values.items()})
            self._recorder.write(tx, record)

    def undo(self, entry: Reorganisation, todo: Changes, version: int, record: AuditRecord) -> None:
        """Write the register's changes and the state."""
        with self._database.transaction() as tx:
            if tx.run(self._undo, {"wanted": entry.id}) == 0:
                raise Conflict("the reorganisation is not planned any more: it is in force or was undone")
            self._units.write_within(tx, todo, version)
            self._recorder.write(tx, record)

    def settle(self, entry: Reorganisation, moment: int, records: Sequence[AuditRecord]) -> bool:
        """Note that the entry is in force and write the records."""
        with self._database.transaction() as tx:
            if tx.run(self._settle, {"wanted": entry.id, "moment": moment}) == 0:
                return False
            for record in records:
                self._recorder.write(tx, record)
        return True

    def find(self, entry_id: str) -> Reorganisation | None:
        """Return one."""
        row = self._database.row(self._one, {"wanted": entry_id})
        return _entry(row) if row is not None else None

    def all(self) -> list[Reorganisation]:
        """Return every reorganisation, newest first."""
        return [_entry(row) for row in self._database.rows(self._all)]


class SqlUnitReferences:
    """How many accounts live in which unit, and which entities a unit vouches for: the columns that hold unit references."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        residence = accounts.c.unit_code
        self._database = database
        self._residences = database.prepare(
            select(residence, func.count())
            .where(residence.is_not(None), accounts.c.state != "merged")
            .group_by(residence)
            .order_by(residence)
        )
        vouched = federation_subordinates.c
        self._vouched = database.prepare(
            select(vouched.superior, vouched.entity_id, vouched.created_at)
            .where(vouched.superior != "")
            .order_by(vouched.superior, vouched.entity_id)
        )

    def residences(self) -> Iterable[tuple[str, int]]:
        """Return each stored reference with the number of accounts that have it."""
        return [(row[0], int(row[1])) for row in self._database.rows(self._residences)]

    def vouched(self) -> Iterable[tuple[str, str, int]]:
        """Return code, entity identifier and moment of each subordinate of a unit."""
        return [(row[0], row[1], int(row[2])) for row in self._database.rows(self._vouched)]


def _entry(row: tuple[Any, ...]) -> Reorganisation:
    entry_id, effective, complete, source, state, document, created_at, settled_at = row
    made = restored(orjson.loads(document))
    return Reorganisation(
        entry_id, effective, complete, source, ReorganisationState(state), made, created_at, settled_at
    )
