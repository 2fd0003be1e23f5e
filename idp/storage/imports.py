"""Imports of accounts in SQL: a batch and its checkpoint are one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import Column, bindparam, select, update

from idp.model.audit import AuditRecord
from idp.ports.accounts import NewAccount
from idp.ports.imports import Checkpoint
from idp.storage.accounts import ACCOUNT, CODE, CREDENTIAL, is_held
from idp.storage.audit import Recorder
from idp.storage.database import Database, Prepared
from idp.storage.tables import accounts, identity_codes, imports

_CHUNK: Final = 500
_NAMES: Final = tuple(field.name for field in fields(Checkpoint))
_PLACE: Final = ("byte_offset", "line", "started_at")
"""What tells one checkpoint of a file from the next."""


class SqlImportStore:
    """``ports.imports.ImportStore`` over SQL."""

    def __init__(self, database: Database) -> None:
        """Prepare the statements."""
        columns = imports.c
        self._database = database
        self._recorder = Recorder(database)
        self._get = database.prepare(
            select(*(columns[name] for name in _NAMES)).where(columns.digest == bindparam("wanted"))
        )
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES}
        self._begin = database.prepare(database.insert(imports).values(values).on_conflict_do_nothing())
        same = (columns[name] == bindparam(f"old_{name}") for name in _PLACE)
        self._move = database.prepare(
            update(imports).where(columns.digest == bindparam("wanted"), *same).values(values)
        )
        codes = identity_codes.c
        self._current = self._among(codes.lookup, codes.valid_to.is_(None))
        self._former = self._among(codes.lookup, codes.valid_to.is_not(None), is_held())
        self._external = self._among(accounts.c.external_id)

    def exclusive(self) -> AbstractContextManager[bool]:
        """Hold the lock of imports."""
        return self._database.exclusive("account-import")

    def checkpoint(self, digest: str) -> Checkpoint | None:
        """Return where the import of a file stands."""
        row = self._database.row(self._get, {"wanted": digest})
        return Checkpoint(*row) if row else None

    def taken(self, lookups: Sequence[bytes], external_ids: Sequence[str]) -> tuple[set[bytes], set[str]]:
        """Return which codes and external ids belong to an account already."""
        codes = self._found(self._current, lookups) | self._found(self._former, lookups)
        return {bytes(one) for one in codes}, self._found(self._external, external_ids)

    def land(
        self, new: Sequence[NewAccount], before: Checkpoint | None, after: Checkpoint, record: AuditRecord
    ) -> bool:
        """Insert a batch and move the checkpoint in one transaction."""
        values: dict[str, Any] = {f"new_{name}": value for name, value in asdict(after).items()}
        with self._database.transaction() as tx:
            if before is None:
                moved = tx.run(self._begin, values)
            else:
                old = {f"old_{name}": getattr(before, name) for name in _PLACE}
                moved = tx.run(self._move, {**values, **old, "wanted": before.digest})
            if moved == 0:
                return False
            tx.load(ACCOUNT.table, ACCOUNT.names, [ACCOUNT.values(one.account) for one in new])
            tx.load(CODE.table, CODE.names, [CODE.values(code) for one in new for code in one.codes])
            credentials = [CREDENTIAL.values(row) for one in new for row in one.credentials]
            if credentials:
                tx.load(CREDENTIAL.table, CREDENTIAL.names, credentials)
            self._recorder.write(tx, record)
        return True

    @contextmanager
    def scratch(self) -> Iterator[SqliteSeen]:
        """Open the memory of a dry run: a nameless temporary database, which SQLite keeps on disk once it is large."""
        with closing(sqlite3.connect("", isolation_level=None)) as connection:
            yield SqliteSeen(connection)

    def _among(self, column: Column[Any], *also: Any) -> Prepared:
        places = [bindparam(f"k{number}", type_=column.type) for number in range(_CHUNK)]
        return self._database.prepare(select(column).where(column.in_(places), *also))

    def _found(self, statement: Prepared, keys: Sequence[Any]) -> set[Any]:
        found: set[Any] = set()
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            values: dict[str, Any] = {
                f"k{number}": chunk[number] if number < len(chunk) else None for number in range(_CHUNK)
            }
            found.update(row[0] for row in self._database.rows(statement, values))
        return found


class SqliteSeen:
    """``ports.imports.Seen`` in a temporary SQLite database, whatever database the accounts are in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Make the table; one transaction that is never committed."""
        self._connection = connection
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA cache_size = -8192",
            "CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            connection.execute(statement)

    def claim(self, keys: Sequence[bytes]) -> int | None:
        """Return the position of the first key that was claimed before; claim all of them when there is none."""
        for position, key in enumerate(keys):
            if self._connection.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone():
                return position
        self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?)", [(key,) for key in keys])
        return None
