"""Copies of the embedded database, taken while the service runs. PostgreSQL has its own tools, which do this better."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from idp.errors import InvalidInput, Refused
from idp.storage.database import Database
from idp.storage.sqlite import SqliteDatabase


def backup(database: Database, target: Path) -> None:
    """Write a consistent copy to ``target``, readable by its owner alone; raises ``Refused`` where a file stands already."""
    source = _embedded(database)
    if target.exists():
        raise Refused(f"{target} exists already: choose another name")
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(handle)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def restore(database: Database, source: Path) -> None:
    """Replace the database by a copy, after checking that the copy is whole; raises ``InvalidInput``."""
    target = _embedded(database)
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as copy:
        try:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"{source} is no database", field="FILE") from error
        if verdict != "ok":
            raise InvalidInput(f"{source} is damaged: {verdict}", field="FILE")
        database.close()
        with closing(sqlite3.connect(target)) as live:
            copy.backup(live)


def _embedded(database: Database) -> Path:
    if not isinstance(database, SqliteDatabase):
        raise Refused("this copies the embedded database; use pg_dump or your server's backups for PostgreSQL")
    return database.path
