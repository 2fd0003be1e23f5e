"""Group commit: many writes in one transaction, each answered for itself, and nobody before the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any

import pytest

from idp.storage.group_commit import GroupCommitter

CROWD = 32


class Disk:
    """Transactions whose commit a test can hold up or break; ``kept`` is what was committed, transaction by transaction."""

    def __init__(self) -> None:
        self.kept: list[list[int]] = []
        self.may_commit = Event()
        self.may_commit.set()
        self.is_committing = Event()
        self.failure: BaseException | None = None
        self._one_writer = Lock()

    @contextmanager
    def begin(self) -> Iterator[Any]:
        assert self._one_writer.acquire(blocking=False), "two transactions at once"
        transaction = Transaction()
        try:
            yield transaction
            self.is_committing.set()
            assert self.may_commit.wait(10)
            if self.failure is not None:
                raise self.failure
            self.kept.append(transaction.rows)
        finally:
            self._one_writer.release()


class Transaction:
    """A list of rows with savepoints."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        length = len(self.rows)
        try:
            yield
        except BaseException:
            del self.rows[length:]
            raise


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CROWD) as pool:
        yield pool


def writing(number: int) -> Callable[[Any], int]:
    """Return a write of one row that answers with its number."""

    def work(transaction: Transaction) -> int:
        transaction.rows.append(number)
        return number

    return work


def failing(number: int) -> Callable[[Any], int]:
    """Return a write that fails after it has written."""

    def work(transaction: Transaction) -> int:
        transaction.rows.append(number)
        raise ValueError(number)

    return work


def queued(committer: GroupCommitter, count: int) -> bool:
    """Wait until so many writes stand in the queue."""
    waited = Event()
    for _ in range(2000):
        if len(committer._queue) == count:
            return True
        waited.wait(0.005)
    return False


def behind_a_slow_commit(
    disk: Disk, pool: ThreadPoolExecutor, works: list[Callable[[Any], int]]
) -> tuple[Future[int], list[Future[int]]]:
    """Submit one write whose commit takes long, and ``works`` meanwhile; returns when all of them wait."""
    committer = GroupCommitter(disk.begin)
    disk.may_commit.clear()
    first = pool.submit(committer.submit, writing(-1))
    assert disk.is_committing.wait(10)
    others = [pool.submit(committer.submit, work) for work in works]
    assert queued(committer, len(works))
    return first, others


def test_write_alone_is_one_transaction(disk: Disk) -> None:
    assert GroupCommitter(disk.begin).submit(writing(7)) == 7
    assert disk.kept == [[7]]


def test_writes_that_come_during_a_commit_share_the_next_one(disk: Disk, pool: ThreadPoolExecutor) -> None:
    first, others = behind_a_slow_commit(disk, pool, [writing(number) for number in range(20)])
    assert not first.done()
    assert not any(other.done() for other in others)
    disk.may_commit.set()
    assert first.result(10) == -1
    assert [other.result(10) for other in others] == list(range(20))
    assert [sorted(each) for each in disk.kept] == [[-1], list(range(20))]


def test_failure_of_one_member_is_its_own(disk: Disk, pool: ThreadPoolExecutor) -> None:
    _, others = behind_a_slow_commit(disk, pool, [failing(n) if n % 3 == 0 else writing(n) for n in range(9)])
    disk.may_commit.set()
    for number, other in enumerate(others):
        if number % 3 == 0:
            with pytest.raises(ValueError, match=str(number)):
                other.result(10)
        else:
            assert other.result(10) == number
    assert sorted(disk.kept[1]) == [1, 2, 4, 5, 7, 8]


def test_commit_that_fails_is_a_failure_of_every_member(disk: Disk, pool: ThreadPoolExecutor) -> None:
    first, others = behind_a_slow_commit(disk, pool, [writing(number) for number in range(5)])
    disk.failure = OSError("disk full")
    disk.may_commit.set()
    for one in (first, *others):
        with pytest.raises(OSError, match="disk full"):
            one.result(10)
    assert disk.kept == []


def test_member_of_a_stopped_thread_is_told_that_nothing_is_known(disk: Disk, pool: ThreadPoolExecutor) -> None:
    """The leader is stopped in the middle of the commit; who waits for it must not take silence for an answer."""
    first, others = behind_a_slow_commit(disk, pool, [writing(number) for number in range(5)])
    disk.failure = SystemExit()
    disk.may_commit.set()
    outcomes = [type(one.exception(10)) for one in (first, *others)]
    assert outcomes[0] is SystemExit
    assert sorted(kind.__name__ for kind in outcomes[1:]) == ["StorageUnavailable"] * 4 + ["SystemExit"]
    disk.failure = None
    assert disk.kept == []


def test_committer_works_on_after_a_failure(disk: Disk) -> None:
    committer = GroupCommitter(disk.begin)
    for failure, expected in ((OSError("x"), OSError), (SystemExit(), SystemExit)):
        disk.failure = failure
        with pytest.raises(expected):
            committer.submit(writing(1))
    disk.failure = None
    assert committer.submit(writing(2)) == 2
    assert disk.kept == [[2]]


def test_nobody_waits_for_ever_in_a_storm(disk: Disk, pool: ThreadPoolExecutor) -> None:
    committer = GroupCommitter(disk.begin)
    futures = [pool.submit(committer.submit, writing(number)) for number in range(2000)]
    assert [future.result(30) for future in futures] == list(range(2000))
    assert sorted(row for each in disk.kept for row in each) == list(range(2000))
