"""Delays that grow and never become a lock."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from policies.throttle import LANES, Lane, Limits, Verdict, cleared_by_success, may_evaluate, may_try

NOW = 1_800_000_000
LIMITS = Limits()


@dataclass(frozen=True)
class Count:
    count: int
    last_at: int


def counts(code: int = 0, address: int = 0, pair: int = 0, at: int = NOW) -> list[Count | None]:
    return [Count(number, at) if number else None for number in (code, address, pair)]


def only(before: list[Count | None]) -> list[Count]:
    return [Count((old.count if old else 0) + 1, NOW) for old in before]


def test_first_tries_wait_for_nothing() -> None:
    for tried in range(5):
        before = counts(tried, tried, tried)
        assert may_try(LIMITS, before, NOW) == Verdict(allowed=True)
        assert may_evaluate(LIMITS, before, only(before)) == Verdict(allowed=True)


def test_delays_double_up_to_the_cap() -> None:
    assert [LIMITS.pair.delay(count) for count in (4, 5, 6, 7, 9, 10, 1000)] == [0, 30, 60, 120, 480, 900, 900]


def test_try_within_the_delay_is_refused_with_the_time_left_and_the_lane() -> None:
    assert may_try(LIMITS, counts(6, 6, 6, at=NOW - 10), NOW) == Verdict(allowed=False, retry_after=50, lane="pair")
    assert may_try(LIMITS, counts(6, 6, 6, at=NOW - 60), NOW).allowed


def test_longest_wait_of_the_lanes_counts() -> None:
    assert may_try(LIMITS, counts(code=25, address=101, pair=5), NOW) == Verdict(
        allowed=False, retry_after=900, lane="code"
    )


@pytest.mark.parametrize(("seen", "evaluated"), [(0, 5), (3, 2), (5, 1), (40, 1)])
def test_of_fifty_parallel_guesses_only_what_the_schedule_has_room_for_is_evaluated(seen: int, evaluated: int) -> None:
    before = counts(seen, seen, seen, at=NOW - 1000)
    assert may_try(LIMITS, before, NOW).allowed
    afters = [[Count(seen + nth, NOW)] * 3 for nth in range(1, 51)]
    assert sum(may_evaluate(LIMITS, before, after).allowed for after in afters) == evaluated


def test_refused_parallel_guess_is_told_to_wait() -> None:
    verdict = may_evaluate(LIMITS, counts(), [Count(9, NOW)] * 3)
    assert (verdict.allowed, verdict.lane, verdict.retry_after) == (False, "pair", 480)


def test_no_wait_is_longer_than_the_cap_even_if_the_clock_was_set_back() -> None:
    assert may_try(LIMITS, counts(pair=99, at=NOW + 10**6), NOW).retry_after == 900


def test_known_device_is_judged_by_its_own_pair_alone() -> None:
    attacked = counts(code=5000, address=5000, pair=1)
    assert not may_try(LIMITS, attacked, NOW).allowed
    assert may_try(LIMITS, attacked, NOW, known_device=True).allowed
    assert may_evaluate(
        LIMITS, attacked, [Count(5009, NOW), Count(5009, NOW), Count(2, NOW)], known_device=True
    ).allowed
    assert not may_try(LIMITS, counts(pair=5), NOW, known_device=True).allowed


def test_success_does_not_clear_the_address() -> None:
    assert set(LANES) - set(cleared_by_success()) == {"address"}


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, 0, 1), (1, 2, 1)])
def test_schedule_that_never_opens_or_closes_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="lane"):
        Lane(*numbers)


def test_counter_may_not_be_forgotten_before_its_delay_is_over() -> None:
    with pytest.raises(ValueError, match="window"):
        Limits(window=900)
