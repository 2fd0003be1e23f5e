"""Regular tasks: one that waits long for somebody outside holds up no other."""

from __future__ import annotations

from threading import Event, Thread

from idp.errors import DomainError
from idp.flows.housekeeping import Housekeeper, Task
from tests.support.clock import FrozenClock


def test_a_task_apart_that_hangs_holds_up_no_other() -> None:
    stop, hangs, others, release = Event(), Event(), Event(), Event()

    def hang() -> int:
        hangs.set()
        release.wait(30)
        return 0

    def other() -> int:
        # Only after the other one hangs does it count that this one runs.
        if hangs.is_set():
            others.set()
        return 0

    clock = FrozenClock()
    keeper = Housekeeper((Task("hangs", 1, hang, apart=True), Task("other", 0, other)), clock)
    thread = Thread(target=keeper.serve, args=(stop, 0.01), daemon=True)
    thread.start()
    assert others.wait(30)
    stop.set()
    release.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_task_apart_that_fails_is_tried_again() -> None:
    stop, again = Event(), Event()
    calls: list[int] = []

    def fail() -> int:
        calls.append(1)
        if len(calls) > 1:
            again.set()
        raise DomainError("away", code="outbound_failed")

    keeper = Housekeeper((Task("fails", 0, fail, apart=True),), FrozenClock())
    thread = Thread(target=keeper.serve, args=(stop, 0.01), daemon=True)
    thread.start()
    assert again.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_tick_runs_those_apart_too() -> None:
    keeper = Housekeeper((Task("one", 1, lambda: 1, apart=True), Task("two", 1, lambda: 2)), FrozenClock())
    assert keeper.tick() == {"one": 1, "two": 2}
