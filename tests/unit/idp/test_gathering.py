"""When shared batches begin: nobody who comes alone waits, and those who came together are waited for, but not long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from idp.fibers import Fibers, Outcome, wait
from idp.storage import gathering
from idp.storage.gathering import Gathering
from tests.support.fibers import together

_LONG = 30.0


class Queue:
    """Callers wait in it; a batch takes all of them and is done a turn of the loop later."""

    def __init__(self, fibers: Fibers) -> None:
        self.fibers = fibers
        self.waiting: list[Outcome[int]] = []
        self.batches: list[int] = []
        self.gathering = Gathering(fibers, lambda: len(self.waiting), self.begin, 4)

    def begin(self) -> None:
        taken, self.waiting = self.waiting[:4], self.waiting[4:]
        self.batches.append(len(taken))
        self.fibers.loop.call_soon(self.end, taken)

    def end(self, taken: list[Outcome[int]]) -> None:
        self.gathering.ended(len(taken))
        for one in taken:
            one.succeed(len(taken))

    def join(self) -> int:
        outcome: Outcome[int] = Outcome()
        self.waiting.append(outcome)
        self.gathering.joined()
        return wait(outcome)


@pytest.fixture
def queue() -> Queue:
    return Queue(Fibers())


def test_whoever_comes_alone_never_waits_for_others(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_PATIENCE", _LONG)
    assert together(queue.fibers, lambda: [queue.join() for _ in range(5)]) == [[1] * 5]


def test_those_who_came_together_are_one_batch_again_though_one_comes_later(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_PATIENCE", _LONG)

    def late() -> Any:
        first = queue.join()
        queue.fibers.pause(0.01)
        return first, queue.join()

    assert together(queue.fibers, late, lambda: (queue.join(), queue.join())) == [(2, 2), (2, 2)]


def test_wait_ends_though_nobody_comes(queue: Queue) -> None:
    def leaving() -> int:
        return queue.join()

    assert together(queue.fibers, leaving, lambda: (queue.join(), queue.join())) == [2, (2, 1)]


def test_batch_holds_no_more_than_it_may(queue: Queue) -> None:
    together(queue.fibers, *[queue.join] * 10)
    assert queue.batches == [4, 4, 2]


def test_outcome_whose_answer_cannot_be_handed_on_keeps_nobody_else_from_his(caplog: pytest.LogCaptureFixture) -> None:
    fibers, first, second = Fibers(), Outcome[int](), Outcome[int]()
    told: list[int | None] = []

    def broken(_result: int | None, _error: BaseException | None) -> None:
        raise ValueError("x")

    async def main() -> None:
        fibers.attach(asyncio.get_running_loop())
        fibers.start(wait, (first,), broken)
        fibers.start(wait, (second,), lambda result, _error: told.append(result))
        first.succeed(1)
        second.succeed(2)

    asyncio.run(main())
    assert told == [2]
    assert "could not be handed on" in caplog.text
