"""Unused accounts of staff: nobody ends unwarned, nor sooner than the warning said."""

from __future__ import annotations

import pytest

from policies.officials.disuse import Step, Term, ends_at, step

DAY = 86400
TERM = Term(45, 7)


@pytest.mark.parametrize(
    ("since", "warned_at", "now", "due"),
    [
        (0, 0, 38 * DAY - 1, Step.NOTHING),
        (0, 0, 38 * DAY, Step.WARN),
        (0, 38 * DAY, 45 * DAY - 1, Step.NOTHING),
        (0, 38 * DAY, 45 * DAY, Step.END),
        # Warned late, because nobody looked: the whole notice goes by all the same.
        (0, 0, 400 * DAY, Step.WARN),
        (0, 400 * DAY, 407 * DAY - 1, Step.NOTHING),
        (0, 400 * DAY, 407 * DAY, Step.END),
        # Used since the warning: it was about something else.
        (40 * DAY, 38 * DAY, 78 * DAY, Step.WARN),
        (40 * DAY, 38 * DAY, 77 * DAY, Step.NOTHING),
    ],
)
def test_what_is_due(since: int, warned_at: int, now: int, due: Step) -> None:
    assert step(since, warned_at, TERM, now) is due


def test_what_is_off_never_ends() -> None:
    assert step(0, 0, Term(0, 7), 10**6 * DAY) is Step.NOTHING


def test_the_end_is_as_far_off_as_was_said() -> None:
    assert ends_at(0, 38 * DAY, TERM) == 45 * DAY
    assert ends_at(0, 60 * DAY, TERM) == 67 * DAY
