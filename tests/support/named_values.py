"""Rows with a name and a value, for tests of the database port: written by fibers, read back, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam

from idp.storage.database import Database, Prepared
from idp.storage.tables import deployment
from tests.support.stores import stored


def insert(database: Database) -> Prepared:
    """Return the INSERT of one row, with the values ``wanted`` and ``new_value``."""
    return database.prepare(deployment.insert().values(name=bindparam("wanted"), value=bindparam("new_value")))


def adding(database: Database, *names: str) -> list[Callable[[], int]]:
    """Return one insert a name, to be run in a fiber each."""
    statement = insert(database)
    return [lambda name=name: database.run(statement, {"wanted": name, "new_value": "x"}) for name in names]  # type: ignore[misc]


def names(database: Database) -> set[str]:
    """Return the names that are stored."""
    return {row["name"] for row in stored(database, deployment)}


def kinds(outcomes: list[Any]) -> list[str]:
    """Return the names of errors, and what else came of it as text."""
    return [type(outcome).__name__ if isinstance(outcome, Exception) else str(outcome) for outcome in outcomes]
