"""The turn of a process: one thread computes, nobody waits for the turn with another lock in hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from idp.turnstile import OutsideLock, Turnstile


def test_one_thread_at_a_time_holds_the_turn() -> None:
    turnstile, inside, most = Turnstile(), 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        for _again in range(200):
            with turnstile.turn():
                inside += 1
                most = max(most, inside)
                inside -= 1

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert most == 1


def test_whoever_steps_outside_lets_another_in_and_queues_again() -> None:
    turnstile, gone_outside, was_inside = Turnstile(), Event(), Event()

    def waits() -> bool:
        with turnstile.turn(), turnstile.outside():
            gone_outside.set()
            return was_inside.wait(10)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(waits)
        assert gone_outside.wait(10)
        with turnstile.turn():
            was_inside.set()
        assert waiting.result(10)


def test_stepping_outside_without_the_turn_changes_nothing() -> None:
    turnstile = Turnstile()
    with turnstile.outside(), turnstile.outside():
        pass
    with turnstile.turn(), turnstile.outside(), turnstile.outside(), turnstile.turn():
        pass


def test_lock_held_over_a_wait_outside_never_stops_the_process() -> None:
    turnstile = Turnstile()
    lock, together = OutsideLock(turnstile), Barrier(8)

    def reload(_: int) -> int:
        together.wait(10)
        for _again in range(200):
            with turnstile.turn(), lock, turnstile.outside():
                pass
        return 1

    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(reload, number) for number in range(8)]
        assert sum(one.result(30) for one in done) == 8


def test_an_error_under_the_lock_gives_lock_and_turn_back_in_order() -> None:
    turnstile = Turnstile()
    lock = OutsideLock(turnstile)
    with pytest.raises(KeyError), turnstile.turn(), lock:
        raise KeyError
    with turnstile.turn(), lock:
        pass
