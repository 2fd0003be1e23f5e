"""Group commit: many writes in one transaction, each answered for itself, and nobody before the commit."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Any

import pytest

from idp.fibers import Fibers
from idp.storage.commit_place import CommitPlace
from idp.storage.group_commit import GroupCommitter
from tests.support.fibers import alone, together


class Disk:
    """A batch whose lock and commit a test can hold up or break; ``kept`` is what was committed, transaction by transaction."""

    def __init__(self) -> None:
        self.kept: list[list[int]] = []
        self.rows: list[int] = []
        self.is_open = False
        self.is_locked = False
        self.waited = 0
        self.failure: Exception | None = None
        self.at_commit: Callable[[], None] = lambda: None

    def try_begin(self) -> bool:
        if self.is_locked:
            return False
        self.begin()
        return True

    def begin(self) -> None:
        assert not self.is_open, "two transactions at once"
        self.waited += self.is_locked
        self.is_open, self.rows = True, []

    def run(self, work: Callable[[Any], Any], *, alone: bool) -> Any:
        length = len(self.rows)
        try:
            return work(self.rows)
        except BaseException:
            if alone:
                del self.rows[length:]
            raise

    def settle(self) -> None:
        assert self.is_open

    def rollback(self) -> None:
        self.is_open, self.rows = False, []

    def commit(self) -> None:
        self.at_commit()
        if self.failure is not None:
            raise self.failure
        self.kept.append(self.rows)
        self.is_open = False


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def fibers() -> Fibers:
    return Fibers()


@pytest.fixture
def committer(disk: Disk, fibers: Fibers) -> GroupCommitter:
    return GroupCommitter(fibers, lambda: disk)


def writing(number: int) -> Callable[[list[int]], int]:
    """Return a write of one row that answers with its number."""

    def work(rows: list[int]) -> int:
        rows.append(number)
        return number

    return work


def failing(number: int) -> Callable[[list[int]], int]:
    """Return a write that fails after it has written."""

    def work(rows: list[int]) -> int:
        rows.append(number)
        raise ValueError(number)

    return work


def submitting(committer: GroupCommitter, *works: Callable[[list[int]], int]) -> list[Callable[[], int]]:
    """Return one function a write, to be run in a fiber each."""
    return [lambda work=work: committer.submit(work) for work in works]  # type: ignore[misc]


def test_write_alone_is_one_transaction(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    assert alone(fibers, lambda: committer.submit(writing(7))) == 7
    assert disk.kept == [[7]]


def test_writes_of_one_turn_share_a_transaction(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    assert together(fibers, *submitting(committer, *map(writing, range(20)))) == list(range(20))
    assert disk.kept == [list(range(20))]


def test_writes_that_come_during_a_commit_share_the_next_one(
    disk: Disk, fibers: Fibers, committer: GroupCommitter
) -> None:
    late: list[Any] = []

    def start_late_ones() -> None:
        disk.at_commit = lambda: None
        loop = fibers.loop

        def start() -> None:
            late.extend(loop.create_task(fibers.run(committer.submit, writing(number))) for number in range(1, 6))

        loop.call_soon_threadsafe(start)

    def first() -> int:
        disk.at_commit = start_late_ones
        answer = committer.submit(writing(0))
        while any(not task.done() for task in late):
            fibers.elsewhere(lambda: None)
        return answer

    assert alone(fibers, first) == 0
    assert [task.result() for task in late] == [1, 2, 3, 4, 5]
    assert disk.kept == [[0], [1, 2, 3, 4, 5]]


def test_failure_of_one_member_is_its_own(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    works = [failing(number) if number % 3 == 0 else writing(number) for number in range(9)]
    outcomes = together(fibers, *submitting(committer, *works))
    for number, outcome in enumerate(outcomes):
        if number % 3 == 0:
            assert isinstance(outcome, ValueError)
        else:
            assert outcome == number
    assert disk.kept == [[1, 2, 4, 5, 7, 8]]


def test_commit_that_fails_is_a_failure_of_every_member(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    disk.failure = OSError("disk full")
    outcomes = together(fibers, *submitting(committer, *map(writing, range(5))))
    assert [type(outcome) for outcome in outcomes] == [OSError] * 5
    assert disk.kept == []


def test_committer_works_on_after_a_failure(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    disk.failure = OSError("x")
    with pytest.raises(OSError, match="x"):
        alone(fibers, lambda: committer.submit(writing(1)))
    disk.failure = None
    assert alone(fibers, lambda: committer.submit(writing(2))) == 2
    assert disk.kept == [[2]]


def test_lock_of_another_process_is_waited_for_elsewhere(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    disk.is_locked = True
    assert together(fibers, *submitting(committer, writing(1), writing(2))) == [1, 2]
    assert (disk.kept, disk.waited) == ([[1, 2]], 1)


def test_commit_of_a_fast_disk_is_waited_for_in_place(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    threads: list[int] = []
    disk.at_commit = lambda: threads.append(get_ident())
    assert together(fibers, *submitting(committer, writing(1), writing(2))) == [1, 2]
    assert threads == [get_ident()]


def test_commit_of_a_slow_disk_is_waited_for_elsewhere(disk: Disk, fibers: Fibers) -> None:
    seconds: list[float] = [0.0]
    committer = GroupCommitter(fibers, lambda: disk, CommitPlace(lambda: seconds[0]))
    threads: list[int] = []

    def slowly() -> None:
        threads.append(get_ident())
        seconds[0] += 0.1

    disk.at_commit = slowly
    for number in range(4):
        assert alone(fibers, lambda number=number: committer.submit(writing(number))) == number  # type: ignore[misc]
    assert [thread == get_ident() for thread in threads] == [True, True, False, False]


def test_nobody_waits_for_ever_in_a_storm(disk: Disk, fibers: Fibers, committer: GroupCommitter) -> None:
    assert together(fibers, *submitting(committer, *map(writing, range(2000)))) == list(range(2000))
    assert sorted(row for each in disk.kept for row in each) == list(range(2000))
