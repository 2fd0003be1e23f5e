"""What an operator reads when a store is out of reach, or the disk under it: what happened, in the driver's own words, and what to do.

Drivers are told apart by what their errors carry and where they come from, not by class: PostgreSQL's and Redis's are optional extras.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from idp.config.origins import masked
from idp.errors import StorageUnavailable

_PRIMARY: Final = 0xFF
"""SQLite's extended result codes have the primary one in their lowest octet."""
_DISK: Final = "free space on the disk of IDP_HOME and of what is written (`df -h`), or look after that disk"
_FILES: Final = "let uid {uid} read and write IDP_HOME and the files dinhdanh.sqlite3* in it"
_OPEN: Final = f"`idp init` makes what is missing; else {_FILES}"
_COPY: Final = "stop the service and put the last copy back with `idp db restore FILE`"
_SCHEMA: Final = "`idp init` makes a new database, `idp db upgrade` brings one to this release"
_SERVER: Final = (
    "check that the server runs and that IDP_DATABASE_URL is right: `pg_isready`, or `psql` with that address"
)
_SQLITE: Final = {
    sqlite3.SQLITE_FULL: _DISK,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CANTOPEN: _OPEN,
    sqlite3.SQLITE_PERM: _FILES,
    sqlite3.SQLITE_READONLY: _FILES,
    sqlite3.SQLITE_BUSY: "another process is writing for long: try again when it is done",
    sqlite3.SQLITE_NOTADB: _COPY,
    sqlite3.SQLITE_CORRUPT: _COPY,
    sqlite3.SQLITE_ERROR: _SCHEMA,
}
_SQLSTATES: Final = {
    "42P01": _SCHEMA,
    "42703": _SCHEMA,
    "53100": "free space on the disk of the database's server",
    "53300": "let the server take more connections, or run fewer workers: docs/deployment.md has the sum",
    "25006": "IDP_DATABASE_URL names a standby: name the server that takes writes",
}
_SERVERS: Final = {
    "psycopg": ("the database is away", _SERVER),
    "redis": (
        "the ephemeral store is away",
        "check that the server of IDP_EPHEMERAL_URL runs: `redis-cli -u ADDRESS ping`",
    ),
}


def told(error: BaseException) -> str | None:
    """Return the sentence for an error of a store or of the disk, with the fix; None for any other error."""
    cause = _driver(error)
    if isinstance(cause, sqlite3.ProgrammingError):
        return None  # What the driver calls a fault of ours.
    if isinstance(cause, sqlite3.Error):
        fix = _SQLITE.get((getattr(cause, "sqlite_errorcode", None) or 0) & _PRIMARY, _FILES)
        return _sentence("the database cannot be used", cause, fix.format(uid=os.geteuid()))
    package = type(cause).__module__.partition(".")[0]
    if package in _SERVERS:
        what, fix = _SERVERS[package]
        state = getattr(cause, "sqlstate", None)
        return _sentence("the database refused" if state else what, cause, _SQLSTATES.get(state or "", fix))
    if isinstance(cause, OSError):
        return _sentence(cause.filename or "standard output", OSError(cause.strerror or str(cause)), "")
    return str(error) if isinstance(error, StorageUnavailable) else None


def _driver(error: BaseException) -> BaseException:
    """Return what the driver raised: the error itself, its cause, or what SQLAlchemy has wrapped (migrations)."""
    if isinstance(error, StorageUnavailable) and error.__cause__ is not None:
        error = error.__cause__
    return getattr(error, "orig", None) or error


def _sentence(what: str, cause: BaseException, fix: str) -> str:
    words = " ".join(str(cause).split()) or type(cause).__name__
    return f"{what}: {masked(words)}" + (f"; {fix}" if fix else "")
