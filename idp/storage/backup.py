"""Copies of the embedded database, taken while the service runs. PostgreSQL has its own tools, which do this better."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from idp.errors import InvalidInput, Refused, StorageUnavailable
from idp.storage import migrate
from idp.storage.database import Database
from idp.storage.sqlite import SqliteDatabase


def check_target(database: Database, target: Path) -> None:
    """Raise ``Refused`` where no copy can be begun: the database is not ours to copy, or a file stands at ``target`` already."""
    _embedded(database)
    if target.exists():
        raise Refused(f"{target} exists already: choose another name")


def backup(database: Database, target: Path) -> None:
    """Write a consistent copy to ``target``, readable by its owner alone; raises as ``check_target`` does.

    Raises ``StorageUnavailable`` where the disk takes no whole copy; nothing of it stays then.
    """
    check_target(database, target)
    source = _embedded(database)
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(handle)
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        # Half a copy would stand in the way of the next one, and be taken for a whole one.
        target.unlink(missing_ok=True)
        raise StorageUnavailable("no whole copy could be written", field=str(target)) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def restore(database: Database, source: Path, facts: Mapping[str, str], *, issuer: str) -> None:
    """Replace the database by a copy that is whole, ours, of this ``issuer``, and not of a later release; raises ``InvalidInput``.

    ``facts`` of the deployment are set in what is put in place, in the same step: a process that dies here leaves the former
    database, or the copy with them, and never a copy that has forgotten that it is one.
    """
    target = _embedded(database)
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        _check(copy, source, issuer)
        database.close()
        # A machine that comes after a lost one has no home yet.
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        staged = target.with_name(f"{target.name}.restoring")
        staged.unlink(missing_ok=True)
        os.close(os.open(staged, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with closing(sqlite3.connect(staged)) as stage, closing(sqlite3.connect(target)) as live:
                copy.backup(stage)
                with stage:
                    stage.executemany("INSERT OR REPLACE INTO deployment (name, value) VALUES (?, ?)", facts.items())
                stage.backup(live)
        finally:
            staged.unlink(missing_ok=True)


def _check(copy: sqlite3.Connection, source: Path, issuer: str) -> None:
    """An empty file is a whole database to SQLite, and another program's is one too: putting either in place would lose everything."""
    try:
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise InvalidInput(f"{source} is damaged: {verdict}", field="FILE")
        revisions = [row[0] for row in copy.execute("SELECT version_num FROM alembic_version")]
        facts = dict(copy.execute("SELECT name, value FROM deployment"))
    except sqlite3.DatabaseError as error:
        raise InvalidInput(f"{source} is no copy of a database of this service", field="FILE") from error
    if len(revisions) != 1 or not migrate.is_known(revisions[0]):
        raise InvalidInput(f"{source} is of a later release: install that one first", field="FILE")
    of = facts.get("issuer", issuer)
    if of != issuer:
        raise InvalidInput(f"{source} is of another deployment, {of}", field="FILE")


def _embedded(database: Database) -> Path:
    if not isinstance(database, SqliteDatabase):
        raise Refused("this copies the embedded database; use pg_dump or your server's backups for PostgreSQL")
    return database.path
