"""Group commit for the embedded database: writes of many threads share one durable commit, and each answer waits for it.

The cost of a durable commit is the flush to disk, not the rows. The first thread that comes leads: it runs its own write, and whatever has queued
up while the disk was busy goes into the next transaction together. Nobody is answered before the commit that holds their rows has returned.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Protocol, TypeVar

from idp.errors import StorageUnavailable
from idp.storage.database import Executor

T = TypeVar("T")

_MOST = 64


class GroupTransaction(Executor, Protocol):
    """A transaction in which one member's failure can be taken back without the others'."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what the block did when an exception leaves it."""
        ...


class _Ticket:
    """One queued write: what to do, and what came of it. ``gate`` is held until that is known."""

    __slots__ = ("error", "gate", "leads", "result", "work")

    def __init__(self, work: Callable[[GroupTransaction], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: Exception | None = None
        self.leads = False
        self.gate = Lock()
        self.gate.acquire()


class GroupCommitter:
    """Runs writes in shared transactions; safe to call from many threads."""

    def __init__(self, begin: Callable[[], AbstractContextManager[GroupTransaction]]) -> None:
        """Take how a transaction is opened on the calling thread's connection."""
        self._begin = begin
        self._lock = Lock()
        self._queue: list[_Ticket] = []
        self._is_led = False

    def submit(self, work: Callable[[GroupTransaction], T]) -> T:
        """Run ``work`` in a transaction and return its result after the commit; raises what ``work`` or the commit raises."""
        ticket = _Ticket(work)
        with self._lock:
            self._queue.append(ticket)
            leads, self._is_led = not self._is_led, True
        if not leads:
            ticket.gate.acquire()
            leads = ticket.leads
        if leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        result: T = ticket.result
        return result

    def _lead(self) -> None:
        """Carry out what is queued, the leader's own write among it, then hand the lead to whoever queued up meanwhile."""
        with self._lock:
            batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
        try:
            self._carry_out(batch)
        finally:
            with self._lock:
                heir = self._queue[0] if self._queue else None
                self._is_led = heir is not None
            if heir is not None:
                heir.leads = True
                heir.gate.release()
            for ticket in batch:
                if ticket is not heir and ticket.gate.locked():
                    ticket.gate.release()

    def _carry_out(self, batch: list[_Ticket]) -> None:
        try:
            with self._begin() as tx:
                for ticket in batch:
                    self._run(tx, ticket)
        except BaseException as error:
            # The commit failed, or this thread is being stopped: every member learns it, nobody is told of success.
            told = error if isinstance(error, Exception) else StorageUnavailable("the process was stopped")
            for ticket in batch:
                ticket.error = ticket.error or told
            if told is not error:
                raise

    @staticmethod
    def _run(tx: GroupTransaction, ticket: _Ticket) -> None:
        try:
            with tx.savepoint():
                ticket.result = ticket.work(tx)
        except Exception as error:  # noqa: BLE001 - carried to the thread that asked, where it is raised
            ticket.error = error
