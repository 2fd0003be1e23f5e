"""What tests run in a process of its own, where a thread would prove less."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

from idp.storage.database import Database
from idp.storage.open import open_database
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from tests.support.stores import make_audit_tree


def address(database: Database) -> str:
    """Return what another process opens the same store by."""
    if isinstance(database, SqliteDatabase):
        return f"sqlite:///{database.path}"
    assert isinstance(database, PostgresqlDatabase)
    return database.url


def hold_lock(url: str, name: str, pipe: Connection) -> None:
    """Take a lock, say whether it is ours, and hold it until we are killed."""
    with open_database(url, Path()).exclusive(name) as mine:
        pipe.send(mine)
        pipe.poll(60)


def sequence_audit(url: str, pipe: Connection) -> None:
    """Enter what waits into the tree when told to go, until told to stop; says how many were entered here."""
    tree = make_audit_tree(open_database(url, Path()))
    pipe.send("ready")
    pipe.recv()
    total = 0
    while not pipe.poll():
        total += tree.sequence()
    pipe.send(total + tree.sequence())
