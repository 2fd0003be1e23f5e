"""The units register in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.storage.audit import Recorder
from idp.storage.database import Database, Executor
from idp.storage.tables import registry_versions, unit_edges, units
from policies.units import Changes, Edge, EdgeKind, Level, Register, Unit, UnitKey

_NAME: Final = "units"
_ENDS: Final = ("from_code", "from_valid_from", "to_code", "to_valid_from")


class SqlUnitStore:
    """``ports.units.UnitStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        versions = registry_versions.c
        self._version = database.prepare(select(versions.version).where(versions.name == _NAME))
        self._raise = database.prepare(
            database.insert(registry_versions)
            .values(name=_NAME, version=1)
            .on_conflict_do_update(index_elements=[versions.name], set_={"version": versions.version + 1})
            .returning(versions.version)
        )
        self._units = database.prepare(select(units))
        self._edges = database.prepare(select(unit_edges))
        insert = database.insert(units).values(
            {column.name: bindparam(f"new_{column.name}") for column in units.columns}
        )
        kept = [column for column in units.columns if not column.primary_key]
        self._put_unit = database.prepare(
            insert.on_conflict_do_update(
                index_elements=list(units.primary_key.columns),
                set_={column.name: insert.excluded[column.name] for column in kept},
            )
        )
        self._drop_unit = database.prepare(
            delete(units).where(units.c.code == bindparam("old_code"), units.c.valid_from == bindparam("old_from"))
        )
        self._put_edge = database.prepare(
            unit_edges.insert().values({column.name: bindparam(f"new_{column.name}") for column in unit_edges.columns})
        )
        ends = and_(*(unit_edges.c[name] == bindparam(f"old_{name}") for name in _ENDS))
        self._drop_edge = database.prepare(delete(unit_edges).where(ends))

    def version(self) -> int:
        """Return the number of the last change."""
        row = self._database.row(self._version)
        return int(row[0]) if row else 0

    def load(self) -> Register:
        """Return every row and edge."""
        return Register(
            [_unit(row) for row in self._database.rows(self._units)],
            [_edge(row) for row in self._database.rows(self._edges)],
        )

    def write(self, changes: Changes, version: int, record: AuditRecord) -> None:
        """Write the changes and the audit record in one transaction."""
        with self._database.transaction() as tx:
            self.write_within(tx, changes, version)
            self._recorder.write(tx, record)

    def write_within(self, tx: Executor, changes: Changes, version: int) -> None:
        """Write the changes as part of ``tx``; raises ``Conflict`` if the register is not at ``version`` any more."""
        gone = [*changes.edges_gone, *changes.edges_put]
        raised = tx.row(self._raise)
        if raised is None or int(raised[0]) != version + 1:
            raise Conflict("the register of units was changed by somebody else meanwhile: look again")
        if gone:
            tx.run_many(self._drop_edge, [{f"old_{name}": getattr(edge, name) for name in _ENDS} for edge in gone])
        if changes.units_gone:
            tx.run_many(self._drop_unit, [_old(key) for key in changes.units_gone])
        if changes.units_put:
            tx.run_many(self._put_unit, [_unit_values(unit) for unit in changes.units_put])
        if changes.edges_put:
            tx.run_many(self._put_edge, [_edge_values(edge) for edge in changes.edges_put])


def _unit(row: tuple[Any, ...]) -> Unit:
    code, valid_from, valid_to, level, kind, name, full_name, parent, source = row
    return Unit(code, valid_from, valid_to, Level(level), kind, name, full_name, parent, source)


def _edge(row: tuple[Any, ...]) -> Edge:
    return Edge(row[0], row[1], row[2], row[3], EdgeKind(row[4]), row[5], bool(row[6]), row[7])


def _old(key: UnitKey) -> dict[str, str]:
    return {"old_code": key.code, "old_from": key.valid_from}


def _unit_values(unit: Unit) -> dict[str, object]:
    return {f"new_{column.name}": getattr(unit, column.name) for column in units.columns} | {
        "new_level": unit.level.value
    }


def _edge_values(edge: Edge) -> dict[str, object]:
    values = {f"new_{column.name}": getattr(edge, column.name) for column in unit_edges.columns}
    return values | {"new_kind": edge.kind.value, "new_partial": int(edge.partial)}
