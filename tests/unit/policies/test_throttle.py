"""Delays that grow and never become a lock; tickets of staff, which do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from policies.throttle import (
    KNOWN_DEVICE_LANES,
    LANES,
    Lane,
    Limits,
    Verdict,
    cleared_by_success,
    given_back_by_success,
    has_ticket,
    is_for_lock,
    lanes_of,
    may_evaluate,
    may_try,
)

NOW = 1_800_000_000
LIMITS = Limits()


@dataclass(frozen=True)
class Count:
    count: int
    last_at: int


def counts(person: int = 0, address: int = 0, network: int = 0, pair: int = 0, at: int = NOW) -> list[Count | None]:
    return [Count(number, at) if number else None for number in (person, address, network, pair)]


def same(number: int, at: int = NOW) -> list[Count | None]:
    return counts(number, number, number, number, at)


def one_more(before: list[Count | None]) -> list[Count]:
    return [Count((old.count if old else 0) + 1, NOW) for old in before]


def test_first_tries_wait_for_nothing() -> None:
    for tried in range(5):
        before = same(tried)
        assert may_try(LIMITS, LANES, before, NOW) == Verdict(allowed=True)
        assert may_evaluate(LIMITS, LANES, before, one_more(before)) == Verdict(allowed=True)


def test_delays_double_up_to_the_cap() -> None:
    assert [LIMITS.pair.delay(count) for count in (4, 5, 6, 7, 9, 10, 1000)] == [0, 30, 60, 120, 480, 900, 900]


def test_try_within_the_delay_is_refused_with_the_time_left_and_the_lane() -> None:
    assert may_try(LIMITS, LANES, same(6, NOW - 10), NOW) == Verdict(allowed=False, retry_after=50, lane="pair")
    assert may_try(LIMITS, LANES, same(6, NOW - 60), NOW).allowed


def test_longest_wait_of_the_lanes_counts() -> None:
    before = counts(person=25, address=101, network=1001, pair=5)
    assert may_try(LIMITS, LANES, before, NOW) == Verdict(allowed=False, retry_after=900, lane="person")


@pytest.mark.parametrize("lane", LANES)
def test_each_lane_closes_by_itself(lane: str) -> None:
    before = counts(**{lane: LIMITS.lane(lane).free})
    assert may_try(LIMITS, LANES, before, NOW).lane == lane


@pytest.mark.parametrize(("seen", "evaluated"), [(0, 5), (3, 2), (5, 1), (40, 1)])
def test_of_fifty_parallel_guesses_only_what_the_schedule_has_room_for_is_evaluated(seen: int, evaluated: int) -> None:
    before = same(seen, NOW - 1000)
    assert may_try(LIMITS, LANES, before, NOW).allowed
    afters = [[Count(seen + nth, NOW)] * len(LANES) for nth in range(1, 51)]
    assert sum(may_evaluate(LIMITS, LANES, before, after).allowed for after in afters) == evaluated


def test_refused_parallel_guess_is_told_to_wait() -> None:
    verdict = may_evaluate(LIMITS, LANES, counts(), [Count(9, NOW)] * len(LANES))
    assert (verdict.allowed, verdict.lane, verdict.retry_after) == (False, "pair", 480)


def test_no_wait_is_longer_than_the_cap_even_if_the_clock_was_set_back() -> None:
    assert may_try(LIMITS, LANES, counts(pair=99, at=NOW + 10**6), NOW).retry_after == 900


def test_known_device_is_judged_by_its_own_counter_alone() -> None:
    assert lanes_of(known_device=False) == LANES
    assert lanes_of(known_device=True) == KNOWN_DEVICE_LANES == ("device",)
    assert may_try(LIMITS, KNOWN_DEVICE_LANES, [None], NOW).allowed
    assert not may_try(LIMITS, KNOWN_DEVICE_LANES, [Count(5, NOW)], NOW).allowed


def test_success_clears_the_person_and_gives_the_places_this_one_try_back() -> None:
    assert set(cleared_by_success(LANES)) == {"person", "pair"}
    assert set(given_back_by_success(LANES)) == {"address", "network"}


def test_success_on_a_known_device_leaves_the_counters_of_strangers_alone() -> None:
    assert cleared_by_success(KNOWN_DEVICE_LANES) == ("device",)
    assert given_back_by_success(KNOWN_DEVICE_LANES) == ()


def test_staff_have_five_tickets_and_the_last_wrong_one_locks() -> None:
    assert [number for number in range(1, 51) if has_ticket(LIMITS, number)] == [1, 2, 3, 4, 5]
    assert [is_for_lock(LIMITS, number) for number in (4, 5, 6)] == [False, True, True]


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, 0, 1), (1, 2, 1)])
def test_schedule_that_never_opens_or_closes_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="lane"):
        Lane(*numbers)


def test_counter_may_not_be_forgotten_before_its_delay_is_over() -> None:
    with pytest.raises(ValueError, match="window"):
        Limits(window=900)


def test_staff_need_at_least_one_try() -> None:
    with pytest.raises(ValueError, match="staff_tries"):
        Limits(staff_tries=0)
