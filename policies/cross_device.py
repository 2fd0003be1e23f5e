"""Signing in on one device by another: which number to match, how fresh the other has to be, and what it is worth.

What the person sees on both screens is a number; what the phone may grant is at most what it has itself, and never
more than two factors, because nobody verified who sits at the other screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from policies import assurance

HIGHEST: Final = assurance.LOA_2
"""The level of a session that another device granted, at most."""

AMR: Final = "mca"
"""Multiple-channel authentication (RFC 8176 section 2): the answer came by another device."""

_LOWEST_NUMBER: Final = 10
_NUMBERS: Final = 90
_CHOICES: Final = 3


def numbers(below: Callable[[int], int]) -> tuple[int, tuple[int, ...]]:
    """Return the number of a request and the choices that the phone shows, in rising order.

    ``below`` draws a whole number below its argument. In rising order the place of the right one says nothing.
    """
    right = _LOWEST_NUMBER + below(_NUMBERS)
    choices = {right}
    while len(choices) < _CHOICES:
        choices.add(_LOWEST_NUMBER + below(_NUMBERS))
    return right, tuple(sorted(choices))


def granted(acr: str, amr: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return level and methods of the session that a phone's session grants."""
    level = HIGHEST if assurance.rank(acr) > assurance.rank(HIGHEST) else acr
    return level, (*(one for one in amr if one != AMR), AMR)


def oldest_sign_in(now: int, created_at: int, fresh: int, max_age: int | None, *, is_login_forced: bool) -> int:
    """Return the moment at or after which the phone's person must have signed in.

    ``fresh`` is the operator's bound in seconds. A request that wants a new sign-in (``prompt=login``, ``max_age=0``)
    gets one that was made after the request; another ``max_age`` holds for the phone as for any browser.
    """
    if is_login_forced or max_age == 0:
        return created_at
    return now - (fresh if max_age is None else min(fresh, max_age))
