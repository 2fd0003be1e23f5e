"""Group commit for the embedded database: writes of many fibers share one durable commit, and each answer waits for it.

The cost of a durable commit is the flush to disk, not the rows. Whatever has queued up by the end of a turn of the loop, or while the disk was
busy, goes into the next transaction together (``storage.gathering``). Nobody is answered before the commit that holds their rows has returned.
The statements run on the loop's own thread, in one go; what waits for the file's lock runs elsewhere, and so does the flush unless the disk is
fast (``storage.commit_place``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from idp.fibers import Fibers, Outcome, wait
from idp.storage.commit_place import CommitPlace
from idp.storage.gathering import Gathering

T = TypeVar("T")

_MOST: Final = 64


class Batch(Protocol):
    """A transaction that many writes share; ``storage.sqlite`` has the real one."""

    def try_begin(self) -> bool:
        """Take the write lock if it is free."""
        ...

    def begin(self) -> None:
        """Wait for the write lock; blocks."""
        ...

    def run(self, work: Callable[[Any], Any], *, alone: bool) -> Any:
        """Run one write; with ``alone`` its failure takes back its own rows only."""
        ...

    def settle(self) -> None:
        """Write what the writes left to be written together."""
        ...

    def rollback(self) -> None:
        """Take everything back; never raises."""
        ...

    def commit(self) -> None:
        """Make it durable; blocks."""
        ...


class _Ticket:
    """One queued write: what to do, what came of it, and the outcome for which its fiber waits."""

    __slots__ = ("error", "outcome", "result", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.outcome: Outcome[Any] = Outcome()
        self.result: Any = None
        self.error: Exception | None = None


def _carry_out_each(batch: Batch, tickets: list[_Ticket]) -> None:
    for ticket in tickets:
        try:
            ticket.result = batch.run(ticket.work, alone=True)
        except Exception as error:  # noqa: BLE001 - carried to the fiber that asked, where it is raised
            ticket.error = error


class GroupCommitter:
    """Runs the writes of fibers in shared transactions."""

    def __init__(self, fibers: Fibers, batch: Callable[[], Batch], place: CommitPlace | None = None) -> None:
        """Take the fibers, where the transaction's connection is had from (asked for each batch), and what says where a commit is waited for."""
        self._fibers = fibers
        self._batch = batch
        self._place = place or CommitPlace()
        self._queue: list[_Ticket] = []
        self._gathering = Gathering(fibers, lambda: len(self._queue), self._start, _MOST)

    def submit(self, work: Callable[[Any], T]) -> T:
        """Run ``work`` in a transaction and return its result after the commit; raises what ``work`` or the commit raises."""
        ticket = _Ticket(work)
        self._queue.append(ticket)
        self._gathering.joined()
        result: T = wait(ticket.outcome)
        return result

    def _start(self) -> None:
        tickets, self._queue = self._queue[:_MOST], self._queue[_MOST:]
        try:
            batch = self._batch()
            has_begun = batch.try_begin()
        except Exception as error:  # noqa: BLE001 - carried to the fibers that asked, where it is raised
            self._finish(tickets, error)
            return
        if has_begun:
            self._carry_out(batch, tickets)
        else:
            self._fibers.call_elsewhere(batch.begin, lambda error: self._begun(batch, tickets, error))

    def _begun(self, batch: Batch, tickets: list[_Ticket], error: BaseException | None, *, alone: bool = False) -> None:
        if error is not None:
            self._finish(tickets, error)
            return
        self._carry_out(batch, tickets, alone=alone)

    def _carry_out(self, batch: Batch, tickets: list[_Ticket], *, alone: bool = False) -> None:
        """Run the writes; when one fails, run all of them again, each so that it fails alone."""
        if alone:
            _carry_out_each(batch, tickets)
        else:
            try:
                for ticket in tickets:
                    ticket.result = batch.run(ticket.work, alone=False)
                batch.settle()
            except Exception:  # noqa: BLE001 - whose it is shows when each is carried out alone
                batch.rollback()
                self._fibers.call_elsewhere(batch.begin, lambda failed: self._begun(batch, tickets, failed, alone=True))
                return
        if not self._place.is_here():
            self._fibers.call_elsewhere(batch.commit, lambda error: self._committed(batch, tickets, error))
            return
        failed: BaseException | None = None
        try:
            self._place.wait_here(batch.commit)
        except BaseException as error:  # noqa: BLE001 - told to those whose writes it was
            failed = error
        self._committed(batch, tickets, failed)

    def _committed(self, batch: Batch, tickets: list[_Ticket], error: BaseException | None) -> None:
        if error is not None:
            batch.rollback()
        self._finish(tickets, error)

    def _finish(self, tickets: list[_Ticket], error: BaseException | None) -> None:
        """Tell every member: after an error nobody is told of success."""
        self._gathering.ended(len(tickets))
        for ticket in tickets:
            told = error or ticket.error
            if told is not None:
                ticket.outcome.fail(told)
            else:
                ticket.outcome.succeed(ticket.result)
