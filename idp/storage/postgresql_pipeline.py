"""Statements of many fibers over one PostgreSQL connection, in libpq's pipeline mode: one round trip and one commit for all that wait.

A batch ends with one Sync, so it is one implicit transaction: it commits as a whole, and nobody is answered before that. When a statement of it
fails, nothing of the batch has happened, and each of its statements is sent again alone. Order within a batch is the order of asking.
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from idp.fibers import Fibers, wait
from idp.storage.database import Params, Prepared, Row, merged
from idp.storage.gathering import Gathering
from idp.storage.postgresql_steps import Call, Statement, Step, called, steps_of, translated

_MOST: Final = 64
_ANSWER_SECONDS: Final = 15.0
"""A server that has not answered a batch by then is taken for gone."""
_POINT_LOOKUPS: Final = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off"
"""What comes here finds single rows by their keys, again and again. So one plan for all values: a plan made for the few callers of one batch
always looks cheaper than that for any number, and to make it costs more than to run it. And by an index, also while a table is nearly empty:
plans outlive the day on which reading the whole of it was cheapest."""


def looking_up(url: str) -> str:
    """Return how a pipeline connects: its settings go along with the first packet, so that the time for connecting is the time for them, too.

    They come before what the operator sets (``options`` of the URL or ``PGOPTIONS``), which therefore counts.
    """
    own = conninfo_to_dict(url).get("options")
    inherited = next((each.val for each in pq.Conninfo.get_defaults() if each.keyword == b"options"), None) or b""
    return make_conninfo(url, options=f"{_POINT_LOOKUPS} {own or inherited.decode()}".strip())


class Pipeline:
    """One connection; sends a batch when the last one is answered (``storage.gathering``)."""

    def __init__(self, url: str, fibers: Fibers) -> None:
        """Take the server's URL; it is connected at the first use."""
        self._url = url
        self._fibers = fibers
        self._statements: dict[str, Statement] = {}
        self._known: set[bytes] = set()
        self._connection: psycopg.Connection[Any] | None = None
        self._descriptor = -1
        self._queue: deque[Call] = deque()
        self._flight: list[Call] = []
        self._steps: list[Step] = []
        self._at = 0
        self._gathering = Gathering(fibers, lambda: len(self._queue), self._start, _MOST)
        self._timer: asyncio.TimerHandle | None = None

    def call(self, statement: Prepared, params: Params | None) -> tuple[list[Row], int]:
        """Run a statement for this fiber; return its rows and how many it touched. Raises what psycopg raises."""
        kept = self._statements.get(statement.sql)
        if kept is None:
            kept = self._statements[statement.sql] = translated(statement, f"p{len(self._statements)}")
        values = merged(statement, params) if statement.constants else params or {}
        call = called(kept, values)
        self._queue.append(call)
        self._gathering.joined()
        return wait(call.outcome)

    def _start(self) -> None:
        if self._connection is not None or not self._queue:
            self._send()
            return

        def connect() -> None:
            self._connection = psycopg.connect(looking_up(self._url), autocommit=True, connect_timeout=5)

        self._fibers.call_elsewhere(connect, self._connected)

    def _connected(self, error: BaseException | None) -> None:
        connection = self._connection
        if error is not None or connection is None:
            self._flight, self._queue = list(self._queue), deque()
            self._fail(error or psycopg.OperationalError("not connected"))
            return
        connection.pgconn.nonblocking = 1
        connection.pgconn.enter_pipeline_mode()
        self._descriptor = connection.fileno()
        self._fibers.loop.add_reader(self._descriptor, self._on_readable)
        self._send()

    def _send(self) -> None:
        self._flight = self._next_batch()
        if not self._flight:
            self._gathering.ended(0)
            return
        self._steps, self._at = steps_of(self._flight), 0
        self._timer = self._fibers.loop.call_later(_ANSWER_SECONDS, self._late)
        try:
            server = self._server()
            preparing: set[bytes] = set()
            for step in self._steps:
                is_new = step.name not in self._known and step.name not in preparing
                if is_new:
                    preparing.add(step.name)
                step.send(server, prepares=is_new)
            server.pipeline_sync()
            self._flush()
        except psycopg.Error as error:
            self._broken(error)

    def _next_batch(self) -> list[Call]:
        batch: list[Call] = []
        while self._queue and len(batch) < _MOST and not (batch and self._queue[0].is_alone):
            batch.append(self._queue.popleft())
            if batch[0].is_alone:
                break
        return batch

    def _flush(self) -> None:
        """Write what the socket takes; the rest when it can take more."""
        connection = self._connection
        if connection is None:
            return
        loop, descriptor = self._fibers.loop, self._descriptor
        try:
            if connection.pgconn.flush():
                loop.add_writer(descriptor, self._flush)
            else:
                loop.remove_writer(descriptor)
        except psycopg.Error as error:
            self._broken(error)

    def _on_readable(self) -> None:
        try:
            server = self._server()
            server.consume_input()
            if not self._flight and server.status != pq.ConnStatus.OK:
                self._broken(psycopg.OperationalError("the server went away"))
                return
            while self._flight and not server.is_busy():
                result = server.get_result()
                if result is None:
                    self._at += 1  # What belongs to one statement has come; a prepare is a statement of its own.
                elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._finish()
                else:
                    self._of_batch().found.append(result)
        except psycopg.Error as error:
            self._broken(error)

    def _of_batch(self) -> Step:
        """Return the step that the next result belongs to: those that prepare own two results."""
        at = self._at
        for step in self._steps:
            if at < (results := 2 if step.prepares else 1):
                return step
            at -= results
        message = "more results than statements"
        raise psycopg.InterfaceError(message)

    def _finish(self) -> None:
        """The batch is committed or, when one of it failed, undone as a whole."""
        flight, self._flight = self._flight, []
        steps, self._steps = self._steps, []
        if self._timer is not None:
            self._timer.cancel()
        self._known.update(
            step.name
            for step in steps
            if step.prepares and step.found and step.found[0].status == pq.ExecStatus.COMMAND_OK
        )
        failed = next((failure for step in steps if (failure := step.failure()) is not None), None)
        goes_again = failed is not None and len(flight) > 1
        if goes_again:
            for call in reversed(flight):
                call.is_alone = True
                self._queue.appendleft(call)
        # Before anybody is answered: whoever goes on and asks again came with this batch, and must not be waited for as one more.
        # Those that go alone came with others, who need not be waited for.
        self._gathering.ended(0 if failed is not None or flight[0].is_alone else len(flight))
        if failed is None:
            for step in steps:
                step.answer()
        elif not goes_again:
            flight[0].outcome.fail(self._refusal(failed))

    def _refusal(self, failed: pq.abc.PGresult) -> psycopg.Error:
        state = failed.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000"
        message = failed.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
        try:
            kind: type[psycopg.Error] = psycopg.errors.lookup(state.decode())
        except KeyError:
            kind = psycopg.InternalError
        error = kind(message.decode("utf-8", "replace"))
        if not isinstance(error, psycopg.IntegrityError):
            # A plan that a migration outdated, a standby after a fail-over: a new connection knows better.
            self._drop()
        return error

    def _late(self) -> None:
        self._broken(psycopg.OperationalError("the server does not answer"))

    def _broken(self, error: Exception) -> None:
        is_under_way = bool(self._flight)
        self._drop()
        if (
            is_under_way
        ):  # Else no batch ends by it: the one that is being gathered begins in its time, on a new connection.
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        flight, self._flight = self._flight, []
        if self._timer is not None:
            self._timer.cancel()
        self._gathering.ended(0)
        for call in flight:
            call.outcome.fail(error)

    def close(self) -> None:
        """Close the connection; the next call makes another. Whoever waits for an answer gets an error, for none will come."""
        self._drop()
        error = psycopg.OperationalError("the connection was closed")
        waiting, self._queue = list(self._queue), deque()
        if self._flight:
            self._flight += waiting
            self._fail(error)
            return
        # No batch ends by it: the one that is being gathered begins in its time, and finds nobody.
        for call in waiting:
            call.outcome.fail(error)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._known.clear()
        if connection is not None:
            # By number and before it is closed: a connection that broke tells its number no more, and the next one may get the same.
            loop = self._fibers.loop
            if not loop.is_closed():
                loop.remove_reader(self._descriptor)
                loop.remove_writer(self._descriptor)
            connection.close()

    def _server(self) -> pq.abc.PGconn:
        if self._connection is None:
            message = "the connection was closed"
            raise psycopg.OperationalError(message)
        return self._connection.pgconn
