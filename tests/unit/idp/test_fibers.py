"""Fibers: functions that pause instead of blocking, one at a time on the loop's thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.fibers import FiberLock, Fibers, in_fiber, wait
from tests.support.fibers import alone, together


@pytest.fixture
def fibers() -> Fibers:
    return Fibers()


def test_fiber_returns_and_raises_what_its_work_does(fibers: Fibers) -> None:
    assert alone(fibers, in_fiber) is True
    with pytest.raises(KeyError, match="gone"):
        alone(fibers, lambda: _raise(KeyError("gone")))
    assert not in_fiber()


def test_fiber_that_waits_lets_others_run(fibers: Fibers) -> None:
    order: list[str] = []

    def first() -> None:
        gate: asyncio.Future[None] = fibers.loop.create_future()
        order.append("first waits")
        fibers.loop.call_soon(gate.set_result, None)
        wait(gate)
        order.append("first goes on")

    together(fibers, first, lambda: order.append("second"))
    assert order == ["first waits", "second", "first goes on"]


def test_fiber_that_pauses_lets_others_run_and_a_thread_just_sleeps(fibers: Fibers) -> None:
    order: list[str] = []

    def first() -> None:
        order.append("first pauses")
        fibers.pause(0)
        order.append("first goes on")

    together(fibers, first, lambda: order.append("second"))
    fibers.pause(0)
    assert order == ["first pauses", "second", "first goes on"]


def test_error_of_what_is_waited_for_is_raised_in_the_fiber(fibers: Fibers) -> None:
    def work() -> str:
        gate: asyncio.Future[None] = fibers.loop.create_future()
        gate.set_exception(OSError("broken"))
        try:
            wait(gate)
        except OSError as error:
            return str(error)
        return ""

    assert alone(fibers, work) == "broken"


def test_fiber_is_used_again_and_keeps_nothing_of_the_work_before(fibers: Fibers) -> None:
    async def main() -> list[object]:
        fibers.attach(asyncio.get_running_loop())
        with pytest.raises(ValueError, match="one"):
            await fibers.run(_raise, ValueError("one"))
        return [await fibers.run(lambda: 2), len(fibers._idle)]

    assert asyncio.run(main()) == [2, 1]


def _raise(error: Exception) -> None:
    raise error


def test_blocking_work_runs_on_another_thread_only_within_a_fiber(fibers: Fibers) -> None:
    here = threading.get_ident()
    assert alone(fibers, lambda: fibers.elsewhere(threading.get_ident)) != here
    assert fibers.elsewhere(threading.get_ident) == here


def test_error_of_blocking_work_is_raised_in_the_fiber(fibers: Fibers) -> None:
    with pytest.raises(KeyError):
        alone(fibers, lambda: fibers.elsewhere(lambda: _raise(KeyError("gone"))))


def test_socket_that_stays_silent_is_given_up(fibers: Fibers) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        alone(fibers, lambda: fibers.readable(ours.fileno(), 0.01))


def test_lock_is_held_by_one_fiber_at_a_time_over_waits(fibers: Fibers) -> None:
    lock, inside, most = FiberLock(fibers), 0, 0

    def work() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            fibers.elsewhere(lambda: None)
            inside -= 1

    assert together(fibers, *[work] * 20) == [None] * 20
    assert most == 1


def test_lock_of_a_thread_is_waited_for_by_a_fiber(fibers: Fibers) -> None:
    lock, taken, give_back = FiberLock(fibers), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            assert give_back.wait(60)

    def work() -> str:
        fibers.loop.call_soon(give_back.set)
        with lock:
            return "mine"

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        assert taken.wait(60)
        assert alone(fibers, work) == "mine"
        held.result(60)


def test_lock_given_back_between_two_looks_is_taken_though_its_holder_wanted_to_wake_somebody(fibers: Fibers) -> None:
    lock = FiberLock(fibers)

    class Handed:
        """A thread gives the lock back after the fiber's first look, and finds it among those that wait."""

        looks = 0

        def acquire(self, *, blocking: bool) -> bool:
            assert not blocking
            self.looks += 1
            if self.looks == 2:
                lock._waiting.popleft()
            return self.looks == 2

        def release(self) -> None:
            """Be free."""

    lock._lock = Handed()  # type: ignore[assignment]

    def work() -> str:
        with lock:
            return "mine"

    assert alone(fibers, work) == "mine"


def test_lock_is_free_again_after_an_error(fibers: Fibers) -> None:
    lock = FiberLock(fibers)
    with pytest.raises(ValueError, match="x"), lock:
        raise ValueError("x")
    assert alone(fibers, lock.__enter__) is None
