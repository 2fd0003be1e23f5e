"""Role assignments of officials in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.officials import AssignmentRow
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.tables import role_assignments

_NAMES: Final = tuple(field.name for field in fields(AssignmentRow))
_COLUMNS: Final = tuple(role_assignments.c[name] for name in _NAMES)


class _Overtaken(Exception):
    """Somebody else was faster: roll back."""


class SqlRoleStore:
    """``ports.officials.RoleStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._recorder = Recorder(database)
        columns = role_assignments.c
        mine = columns.account_id == bindparam("account")
        self._held = database.prepare(
            select(*_COLUMNS)
            .where(mine, columns.ended_at.is_(None))
            .order_by(columns.role, columns.unit_code, columns.unit_from, columns.id)
        )
        self._by_unit = database.prepare(
            select(columns.unit_code, columns.unit_from, func.count())
            .where(columns.ended_at.is_(None))
            .group_by(columns.unit_code, columns.unit_from)
            .order_by(columns.unit_code, columns.unit_from)
        )
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES}
        self._begin = database.prepare(role_assignments.insert().values(values))
        self._end = database.prepare(
            update(role_assignments)
            .where(columns.id == bindparam("wanted"), columns.ended_at.is_(None))
            .values(ended_at=bindparam("moment"), end_reason=bindparam("why"))
        )

    def held(self, account_id: str) -> list[AssignmentRow]:
        """Return the assignments that nobody has ended, by role and unit."""
        return [AssignmentRow(*row) for row in self._database.rows(self._held, {"account": account_id})]

    def by_unit(self) -> list[tuple[str, str, int]]:
        """Return how many assignments hang on each unit, by code and beginning."""
        return [(str(code), str(begun), int(count)) for code, begun, count in self._database.rows(self._by_unit)]

    def change(
        self, begin: Sequence[AssignmentRow], end: Sequence[str], now: int, reason: str, records: Sequence[AuditRecord]
    ) -> bool:
        """End some assignments and begin others in one transaction; False when somebody else was faster."""
        try:
            with self._database.transaction() as tx:
                for one in end:
                    if tx.run(self._end, {"wanted": one, "moment": now, "why": reason}) == 0:
                        raise _Overtaken
                for row in begin:
                    tx.run(self._begin, {f"new_{name}": getattr(row, name) for name in _NAMES})
                for record in records:
                    self._recorder.write(tx, record)
        except (_Overtaken, Conflict):
            return False
        return True
