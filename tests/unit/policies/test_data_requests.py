"""Clocks of requests about data: when they end, what may be extended, and how a request stands to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.clock import VIETNAM
from policies.data_requests import (
    OPEN,
    Kind,
    Standing,
    State,
    Terms,
    base_days,
    clocks,
    days_left,
    end_of_day,
    may_extend,
    next_at,
    standing,
)

TERMS = Terms()
DAY = 86400
MOMENTS = st.integers(1_700_000_000, 4_000_000_000)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp())


@pytest.mark.parametrize(
    ("kind", "with_others", "day"),
    [
        (Kind.WITHDRAW, False, "2026-12-16"),
        (Kind.OBJECT, True, "2026-12-21"),
        (Kind.DELETE, False, "2026-12-21"),
        (Kind.ACCESS, False, "2026-12-11"),
        (Kind.CORRECT, True, "2026-12-16"),
    ],
)
def test_first_day_is_the_one_after_and_the_last_ends_at_midnight(kind: Kind, with_others: bool, day: str) -> None:
    """Civil Code articles 147 and 148; 2, 15 and 20 days of Decree 356/2025."""
    for received in ("2026-12-01T00:00:00", "2026-12-01T23:59:59"):
        found = clocks(kind, at(received), TERMS, with_others=with_others)
        assert found.take_by == at("2026-12-04T00:00:00")
        assert found.due_at == at(f"{day}T00:00:00") + DAY


@given(MOMENTS, st.integers(0, 200))
def test_a_time_is_never_shorter_than_its_days_nor_longer_by_a_day(moment: int, days: int) -> None:
    end = end_of_day(moment, days)
    assert days * DAY < end - moment <= (days + 1) * DAY
    assert datetime.fromtimestamp(end, UTC).astimezone(VIETNAM).time().isoformat() == "00:00:00"
    assert days_left(end, moment) == days


@given(MOMENTS, st.integers(-400 * DAY, 400 * DAY))
def test_days_left_are_negative_exactly_when_the_time_is_over(now: int, ahead: int) -> None:
    deadline = end_of_day(now + ahead, 0)
    assert (days_left(deadline, now) < 0) == (now >= deadline)


@pytest.mark.parametrize(
    ("state", "now", "days", "extended", "reason"),
    [
        (State.TAKEN, 10, 15, False, ""),
        (State.RECEIVED, 10, 1, False, ""),
        (State.TAKEN, 10, 16, False, "too_long"),
        (State.TAKEN, 10, 0, False, "too_long"),
        (State.TAKEN, 10, -3, False, "too_long"),
        (State.TAKEN, 10, 5, True, "extended_before"),
        (State.TAKEN, 100, 5, False, "too_late"),
        (State.ANSWERED, 10, 5, False, "decided"),
        (State.CANCELLED, 10, 5, False, "decided"),
    ],
)
def test_a_request_is_extended_once_in_time_by_no_more_than_the_law_gave(state, now, days, extended, reason) -> None:
    assert may_extend(Kind.OBJECT, state, 100, now, days, TERMS, is_extended=extended) == reason


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_days_and_its_clock_of_taking_up_comes_first(kind: Kind) -> None:
    found = clocks(kind, 1_800_000_000, TERMS, with_others=False)
    assert base_days(kind, TERMS) > TERMS.acknowledge
    assert next_at(State.RECEIVED, found.take_by, found.due_at) == found.take_by
    assert next_at(State.TAKEN, found.take_by, found.due_at) == found.due_at


@pytest.mark.parametrize(
    ("state", "ended", "now", "expected"),
    [
        (State.TAKEN, None, 0, Standing.IN_TIME),
        (State.TAKEN, None, 7 * DAY, Standing.SOON),
        (State.TAKEN, None, 10 * DAY, Standing.OVERDUE),
        (State.ANSWERED, 10 * DAY - 1, 99 * DAY, Standing.KEPT),
        (State.REFUSED, 10 * DAY, 99 * DAY, Standing.MISSED),
    ],
)
def test_standing_says_what_is_late_and_what_was(state, ended, now, expected) -> None:
    assert standing(state, 10 * DAY, ended, now, TERMS) is expected
    assert (state in OPEN) == (ended is None)
