"""Deployment facts and wrapped data keys in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, func, select, update

from idp.errors import Conflict
from idp.model.audit import AuditRecord
from idp.ports.deployment import WrappedKey
from idp.storage.audit import Recorder
from idp.storage.database import Database
from idp.storage.tables import data_keys, deployment

MEMORY_SINCE: Final = "memory_since"
"""The fact that is set when an older state of the database is put back: what was used since that copy is not known to have been."""


class SqlDeploymentStore:
    """``ports.deployment.DeploymentStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        self._database = database
        self._fact = database.prepare(select(deployment.c.value).where(deployment.c.name == bindparam("wanted")))
        self._fix = database.prepare(
            database.insert(deployment)
            .values(name=bindparam("wanted"), value=bindparam("new_value"))
            .on_conflict_do_nothing()
        )
        upsert = database.insert(deployment).values(name=bindparam("wanted"), value=bindparam("new_value"))
        self._change = database.prepare(
            upsert.on_conflict_do_update(index_elements=[deployment.c.name], set_={"value": upsert.excluded.value})
        )
        self._swap = database.prepare(
            update(deployment)
            .where(deployment.c.name == bindparam("wanted"), deployment.c.value == bindparam("old_value"))
            .values(value=bindparam("new_value"))
        )
        self._keys = database.prepare(select(data_keys).order_by(data_keys.c.created_at, data_keys.c.id))
        self._add = database.prepare(
            database.insert(data_keys)
            .values(
                id=bindparam("new_id"),
                purpose=bindparam("wanted"),
                wrapped=bindparam("new_wrapped"),
                created_at=bindparam("moment"),
            )
            .on_conflict_do_nothing()
        )
        self._count = database.prepare(select(func.count()).select_from(data_keys))
        self._wrap = database.prepare(
            update(data_keys)
            .where(data_keys.c.id == bindparam("key_id"), data_keys.c.wrapped == bindparam("old_wrapped"))
            .values(wrapped=bindparam("new_wrapped"))
        )
        self._recorder = Recorder(database)

    def fact(self, name: str) -> str | None:
        """Return the fact or None."""
        row = self._database.row(self._fact, {"wanted": name})
        return str(row[0]) if row else None

    def fix(self, name: str, value: str) -> str:
        """Set the fact if it is absent and return the one that stands."""
        self._database.run(self._fix, {"wanted": name, "new_value": value})
        return self.fact(name) or value

    def change(self, name: str, value: str) -> None:
        """Set the fact, whatever stood before."""
        self._database.run(self._change, {"wanted": name, "new_value": value})

    def swap(self, name: str, old: str, new: str) -> bool:
        """Set the fact if it is ``old``; the statement's condition decides between processes."""
        return self._database.run(self._swap, {"wanted": name, "old_value": old, "new_value": new}) == 1

    def data_keys(self) -> list[WrappedKey]:
        """Return all data keys, oldest first."""
        return [
            WrappedKey(str(row[0]), str(row[1]), bytes(row[2]), int(row[3]), row[4])
            for row in self._database.rows(self._keys)
        ]

    def add_data_key(self, key: WrappedKey) -> bool:
        """Add a data key unless its purpose has a live one already; the unique index decides between processes."""
        values = {"new_id": key.id, "wanted": key.purpose, "new_wrapped": key.wrapped, "moment": key.created_at}
        return self._database.run(self._add, values) == 1

    def rewrap(self, before: Sequence[WrappedKey], wrapped: Sequence[bytes], record: AuditRecord) -> bool:
        """Store each of all data keys as it is wrapped anew; a key that came or changed meanwhile takes the whole of it back."""
        try:
            with self._database.transaction() as tx:
                for key, anew in zip(before, wrapped, strict=True):
                    values = {"key_id": key.id, "old_wrapped": key.wrapped, "new_wrapped": anew}
                    _held(tx.run(self._wrap, values) == 1)
                _held(tx.rows(self._count)[0][0] == len(before))
                self._recorder.write(tx, record)
        except Conflict:
            return False
        return True


def _held(is_so: bool) -> None:
    if not is_so:
        raise Conflict("the data keys changed meanwhile")
