"""The one way to the SQL store: statements compiled once, run on raw driver connections.

Within a fiber (``idp.fibers``) statements pause it and share round trips and commits with those of other fibers; anywhere else they block, on one
connection a thread.

Why not an engine or a session: on the hot paths their bookkeeping costs more than the database (``docs/decisions``). Statements are
still SQLAlchemy Core constructs, so the schema is checked in one place and both dialects come from one text.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from threading import local
from typing import Any, Final, Protocol

from sqlalchemy import Select, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql import ClauseElement

from idp.errors import StorageUnavailable
from idp.fibers import Fibers

_PLAIN: Final = re.compile(r"[a-z0-9_]{1,40}")
"""Numbers and words: nothing that would have to be quoted."""

Params = Mapping[str, Any]
Row = tuple[Any, ...]
Take = Callable[[Params], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Sharing:
    """What must be known of a statement to carry it out for many callers at once.

    ``types`` are the SQL types of its values by their names. ``key`` is the column of an INSERT that tells its rows apart, and the name of the
    value that goes there.
    """

    types: Mapping[str, str]
    key: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Driver SQL with the values that the statement itself brings along; ``is_read`` tells that it changes nothing.

    ``take`` gives the values in the order of the SQL's places, where these have no names. ``is_once`` tells that it was built for one call:
    servers plan it with its values and keep nothing of it. ``sharing`` tells how one execution carries it out for many callers.
    """

    sql: str
    constants: Mapping[str, Any]
    is_read: bool = False
    take: Take | None = None
    is_once: bool = False
    sharing: Sharing | None = None


class Executor(Protocol):
    """What can run a prepared statement: a database (each statement a transaction of its own) or an open transaction."""

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run and return all rows."""
        ...

    def row(self, statement: Prepared, params: Params | None = None) -> Row | None:
        """Run and return the first row, or None."""
        ...

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run and return how many rows were touched."""
        ...

    def run_many(self, statement: Prepared, params: Sequence[Params]) -> None:
        """Run once for each set of values."""
        ...

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many whole rows, values in the order of ``columns``, by the dialect's fastest way."""
        ...


class Database(ABC):
    """A SQL database of one dialect; safe to share between threads.

    Every driver error that means "out of reach" becomes ``StorageUnavailable``; a broken uniqueness becomes ``Conflict``.
    """

    name: str
    dialect: Dialect
    place: re.Pattern[str]
    """A bound value's place in this dialect's SQL; its group is the name."""

    def __init__(self) -> None:
        """Prepare the per-thread connection slot; ``fibers`` belong to no loop until a process that serves attaches them."""
        self.fibers = Fibers()
        self._local = local()

    def prepare(self, statement: ClauseElement, *, is_hot: bool = False) -> Prepared:
        """Compile a Core statement to this dialect's driver SQL; do it once, when an adapter is built.

        ``is_hot`` is for what many ask at the same time: it may be carried out for all of them at once, where that is cheaper.
        """
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})
        constants = {key: value for key, value in compiled.params.items() if value is not None}
        sql = self._with_literals(str(compiled), constants)
        sharing = self._sharing(statement, compiled, sql) if is_hot else None
        return Prepared(sql, constants, isinstance(statement, Select), sharing=sharing)

    def _sharing(self, statement: ClauseElement, compiled: Compiled, sql: str) -> Sharing | None:  # noqa: ARG002 - for dialects that share
        """Return how many callers share one execution of a statement; by default not at all."""
        return None

    def _with_literals(self, sql: str, constants: dict[str, Any]) -> str:
        """Write the statement's own plain values into its text, and take them out of ``constants``.

        As bound values they would hide from the planner that a partial index fits: SQLite then prepares the statement anew at every run
        (65 µs instead of 5), and PostgreSQL's generic plan does without the index. In one pass: a search may name every system there is.
        """
        plain = {name: constants.pop(name) for name, value in [*constants.items()] if _PLAIN.fullmatch(str(value))}

        def literal(place: re.Match[str]) -> str:
            value = plain.get(place[1])
            if value is None:
                return place[0]
            return str(value) if isinstance(value, int) else f"'{value}'"

        return self.place.sub(literal, sql) if plain else sql

    @abstractmethod
    def insert(self, table: Table) -> Any:
        """Return the dialect's INSERT, which knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""

    @abstractmethod
    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run one statement in a transaction of its own and return all rows."""

    @abstractmethod
    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run one statement in a transaction of its own and return how many rows it touched."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Executor]:
        """Open a write transaction: committed at the end of the block, rolled back when an exception leaves it."""

    @abstractmethod
    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """Run ``claim``, which touches at most one row, and ``record`` only if it did, in one transaction.

        Returns the claimed row, or None when nothing was claimed (and nothing recorded). One round trip.
        """

    def search(self, statement: Select[Any]) -> list[Row]:
        """Run a SELECT that was built for this call, as searches are, and return all rows."""
        return self.rows(replace(self.prepare(statement), is_once=True))

    def row(self, statement: Prepared, params: Params | None = None) -> Row | None:
        """Run one statement in a transaction of its own and return the first row, or None."""
        found = self.rows(statement, params)
        return found[0] if found else None

    def run_many(self, statement: Prepared, params: Sequence[Params]) -> None:
        """Run one statement for each set of values, all in one transaction."""
        with self.transaction() as tx:
            tx.run_many(statement, params)

    @abstractmethod
    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        """Hold the named lock between processes for the block; yields False at once when another holds it."""

    @abstractmethod
    def close(self) -> None:
        """Close this thread's connection and those of the fibers."""


def merged(statement: Prepared, params: Params | None) -> dict[str, Any]:
    """Return the statement's own values with the caller's laid over them."""
    return {**statement.constants, **params} if params else dict(statement.constants)


def unavailable(error: Exception) -> StorageUnavailable:
    """Return the domain's error for a driver error; the driver's text stays the cause and never reaches a caller."""
    return StorageUnavailable(f"the database did not answer: {type(error).__name__}")
