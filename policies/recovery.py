"""Recovery of an account whose person cannot sign in any more: by which paths, how long it takes, and what is left after it.

Never by questions: what a person knows about himself others know too. A path rests on what the account has proved with
before, on an upstream identity provider that vouches for the person, or on a person who stands at a counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from policies import assurance


class Path(StrEnum):
    """How a recovery is begun."""

    REMOTE = "remote"
    UPSTREAM = "upstream"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a path asks for.

    ``proofs`` are factors that must all be shown. ``cools_off`` waits for the operator's time, in which the owner can
    cancel. ``by_two`` needs the approval of a second member of staff. ``for_staff`` tells whether staff may go it.
    ``asserted`` is the ``acr`` that a linked upstream has to assert of a sign-in made for it, "" for none.
    """

    proofs: tuple[str, ...]
    cools_off: bool
    by_two: bool
    for_staff: bool
    asserted: str = ""


RULES: Final[Mapping[Path, Rule]] = MappingProxyType(
    {
        # Both are held, so one theft can take both: the time and the notices are what stands against it.
        Path.REMOTE: Rule(("totp", "recovery_code"), cools_off=True, by_two=False, for_staff=False),
        # Whoever holds the person's account there, or the browser in which it was left open, comes as far as this: hence the wait.
        Path.UPSTREAM: Rule((), cools_off=True, by_two=False, for_staff=False, asserted=assurance.LOA_2),
        Path.COUNTER: Rule((), cools_off=False, by_two=True, for_staff=True),
    }
)
"""Every path."""


def may_begin(path: Path, state: str, *, is_staff: bool, is_under_way: bool, is_cancelled: bool = False) -> str:
    """Return why a recovery cannot be begun (a reason id), or nothing.

    At the counter a recovery takes the place of one that is under way or was cancelled of late; from afar it does not, or
    whoever stole the proofs could begin anew each time the owner cancels the one before, until nobody reads the notices.
    """
    barred = may_finish(path, state, is_staff=is_staff)
    if barred or path is Path.COUNTER:
        return barred
    if is_under_way:
        return "under_way"
    return "cancelled_before" if is_cancelled else ""


def may_finish(path: Path, state: str, *, is_staff: bool) -> str:
    """Return why a recovery that was begun cannot be finished (a reason id), or nothing: a day goes by in which a person can join the staff."""
    if state != "active":
        return f"account_{state}"
    return "staff_in_person" if is_staff and not RULES[path].for_staff else ""


def may_approve(started_by: str, approver: str, operator: str) -> str:
    """Return why somebody cannot be the second person (a reason id), or nothing."""
    return "" if approver == operator or approver not in {"", started_by} else "oneself"


def ready_at(path: Path, now: int, cooling: int) -> int:
    """Return the moment from which the recovery can be finished."""
    return now + cooling if RULES[path].cools_off else now
