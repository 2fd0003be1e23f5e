"""What a pipeline sends: statements in the protocol's own form, each for one caller or, where they can share it, for many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg
from psycopg import pq

from idp.fibers import Outcome
from idp.storage.database import Params, Prepared, Row
from idp.storage.postgresql_sharing import CALLERS, Shared
from idp.storage.postgresql_values import joined, read_rows, written, written_as

_PLACE: Final = re.compile(r"%\((\w+)\)s|%%")
_FAILED: Final = frozenset({pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.PIPELINE_ABORTED})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with numbered places, the names whose values fill them, and its name on the server; and the same for many callers, if it can."""

    sql: bytes
    names: tuple[str, ...]
    name: bytes
    shared: SharedStatement | None = None


@dataclass(frozen=True, slots=True)
class SharedStatement:
    """The form for many: each place is an array of its type. ``key`` is the place in which callers must differ."""

    sql: bytes
    name: bytes
    types: tuple[str, ...]
    skips: int
    key: int | None


@dataclass(slots=True)
class Call:
    """One statement of a fiber and the outcome for which it waits."""

    statement: Statement
    values: list[bytes | None]
    formats: list[int]
    outcome: Outcome[tuple[list[Row], int]]
    is_alone: bool = False


def called(statement: Statement, params: Params) -> Call:
    """Return a call with these values; raises ``psycopg.DataError`` for one that no column takes: before anybody else's batch has it."""
    values = [params.get(name) for name in statement.names]
    shared = statement.shared
    encoded, formats = written(values) if shared is None else written_as(shared.types, values)
    return Call(statement, encoded, formats, Outcome())


@dataclass(slots=True)
class Step:
    """One execution and those for whom it is; ``found`` are its results, of which preparing it owns one."""

    statement: Statement
    calls: list[Call]
    keys: set[bytes | None] = field(default_factory=set)
    prepares: bool = False
    found: list[pq.abc.PGresult] = field(default_factory=list)

    def takes(self, call: Call) -> bool:
        """Add a caller if its key is a new one; two of one key are told apart by asking twice."""
        shared = self.statement.shared
        if shared is not None and shared.key is not None:
            key = call.values[shared.key]
            if key in self.keys:
                return False
            self.keys.add(key)
        self.calls.append(call)
        return True

    @property
    def name(self) -> bytes:
        """Return the name on the server of the form that these callers need."""
        shared = self.statement.shared
        return self.statement.name if shared is None or len(self.calls) == 1 else shared.name

    def send(self, server: pq.abc.PGconn, *, prepares: bool) -> None:
        """Hand it to the driver; raises what psycopg raises."""
        self.prepares = prepares
        shared, name = self.statement.shared, self.name
        if shared is None or len(self.calls) == 1:
            (call,) = self.calls
            sql, values, formats = self.statement.sql, call.values, call.formats
        else:
            sql = shared.sql
            values, formats = joined(shared.types, [call.values for call in self.calls])
        if prepares:
            server.send_prepare(name, sql)
        server.send_query_prepared(name, values, formats, result_format=pq.Format.BINARY)

    def failure(self) -> pq.abc.PGresult | None:
        """Return the result that tells of a failure, if there is one."""
        return next((result for result in self.found if result.status in _FAILED), None)

    def answer(self) -> None:
        """Give each caller its rows and how many its statement touched."""
        try:
            rows, touched = read_rows(self.found[-1])
        except (LookupError, ValueError, psycopg.Error) as error:
            for call in self.calls:
                call.outcome.fail(error)
            return
        shared = self.statement.shared
        if shared is None or len(self.calls) == 1:
            self.calls[0].outcome.succeed((rows, touched))
            return
        own: list[list[Row]] = [[] for _ in self.calls]
        for row in rows:
            own[row[0] - 1].append(row[shared.skips :])
        for call, of_call in zip(self.calls, own, strict=True):
            call.outcome.succeed((of_call, len(of_call)))


def steps_of(calls: Sequence[Call]) -> list[Step]:
    """Return the executions that carry these calls out: callers of one statement share one where they can.

    Their order is that of each one's first caller. Whoever is answered together asked together, so none of them may expect another's rows.
    """
    steps: list[Step] = []
    shared: dict[bytes, Step] = {}
    for call in calls:
        statement = call.statement
        if statement.shared is None:
            steps.append(Step(statement, [call]))
            continue
        step = shared.get(statement.name)
        if step is None or not step.takes(call):
            step = Step(statement, [])
            step.takes(call)
            steps.append(step)
            shared[statement.name] = step
    return steps


def translated(statement: Prepared, name: str) -> Statement:
    """Return a statement in the protocol's own form, under a name on the server."""
    names: list[str] = []

    def place(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%"
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    sql = _PLACE.sub(place, statement.sql)
    return Statement(sql.encode(), tuple(names), name.encode(), _translated_for_many(statement, names, name))


def _translated_for_many(statement: Prepared, names: list[str], name: str) -> SharedStatement | None:
    shared = statement.sharing
    if not isinstance(shared, Shared):
        return None
    types = tuple(shared.types[each] for each in names)

    def place(match: re.Match[str]) -> str:
        return "%" if match[1] is None else f"caller.v{names.index(match[1])}"

    arrays = ", ".join(f"${number}::{one}[]" for number, one in enumerate(types, 1))
    columns = "".join(f"v{number}, " for number in range(len(types)))
    callers = f"unnest({arrays}) WITH ORDINALITY AS caller({columns}n)"
    sql = _PLACE.sub(place, shared.template.replace(CALLERS, callers))
    key = names.index(shared.key[1]) if shared.key[1] else None
    return SharedStatement(sql.encode(), f"{name}m".encode(), types, shared.skips, key)
