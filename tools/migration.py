"""Writes a migration from the difference between the tables and the last migration: ``python tools/migration.py 0002 "what"``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from idp.storage import migrate
from idp.storage.sqlite import SqliteDatabase


def main(name: str, message: str) -> None:
    """Upgrade an empty database to the last migration and write what is missing."""
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "empty.sqlite3")
        if migrate.newest() is not None:
            migrate.upgrade(database)
        migrate.revision(database, message, name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
