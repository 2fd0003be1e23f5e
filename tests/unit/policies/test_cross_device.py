"""What one device may grant another."""

from __future__ import annotations

import random

import pytest

from policies import assurance, cross_device

NOW = 1_800_000_000


def test_numbers_are_two_digits_and_the_right_one_is_one_of_three() -> None:
    draw = random.Random(7)
    places = set()
    for _ in range(300):
        right, choices = cross_device.numbers(draw.randrange)
        assert right in choices
        assert len(set(choices)) == 3
        assert all(10 <= number <= 99 for number in choices)
        assert list(choices) == sorted(choices)
        places.add(choices.index(right))
    assert places == {0, 1, 2}


def test_numbers_are_drawn_again_when_they_are_the_same() -> None:
    drawn = iter([5, 5, 5, 6, 7])
    assert cross_device.numbers(lambda _: next(drawn)) == (15, (15, 16, 17))


@pytest.mark.parametrize(
    ("acr", "granted"),
    [
        (assurance.LOA_1, assurance.LOA_1),
        (assurance.LOA_2, assurance.LOA_2),
        (assurance.LOA_3, assurance.LOA_2),
        (assurance.LOA_4, assurance.LOA_2),
    ],
)
def test_level_is_at_most_the_phones_and_never_above_two_factors(acr: str, granted: str) -> None:
    assert cross_device.granted(acr, ("pwd", "otp", "mfa")) == (granted, ("pwd", "otp", "mfa", "mca"))


def test_granting_on_says_once_that_it_came_by_another_device() -> None:
    assert cross_device.granted(assurance.LOA_1, ("pwd", "mca"))[1] == ("pwd", "mca")


@pytest.mark.parametrize(
    ("max_age", "forced", "oldest"),
    [
        (None, False, NOW - 900),
        (3600, False, NOW - 900),
        (60, False, NOW - 60),
        (0, False, NOW - 10),
        (None, True, NOW - 10),
        (3600, True, NOW - 10),
    ],
)
def test_phone_is_as_fresh_as_the_request_wants(max_age: int | None, forced: bool, oldest: int) -> None:
    found = cross_device.oldest_sign_in(NOW, NOW - 10, 900, max_age, is_login_forced=forced)
    assert found == oldest
