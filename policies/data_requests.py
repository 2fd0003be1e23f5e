"""Requests of people about their data: the kinds, the clocks that run, and what may be done when.

Two clocks run from the day on which a request came in: until somebody answers for it (takes it up), and until it is
carried out or refused. Days are counted as the Civil Code counts them (articles 147 and 148): the first day is the one
after, and the last one is over at midnight in Vietnam. Days off count like any others: whoever keeps these times keeps
working days too. The figures are the operator's (``Terms``); their defaults follow summaries of Decree 356/2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_DAY: Final = 86400
_OFFSET: Final = 7 * 3600
"""Vietnam has no summer time."""


class Kind(StrEnum):
    """What a person can ask for (Law 91/2025 article 4)."""

    ACCESS = "access"
    CORRECT = "correct"
    DELETE = "delete"
    RESTRICT = "restrict"
    OBJECT = "object"
    WITHDRAW = "withdraw"


class State(StrEnum):
    """Where a request stands; the last three are its end."""

    RECEIVED = "received"
    TAKEN = "taken"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({State.RECEIVED, State.TAKEN})


class Standing(StrEnum):
    """How a request stands to its clocks."""

    IN_TIME = "in_time"
    SOON = "soon"
    OVERDUE = "overdue"
    KEPT = "kept"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's figures, in days.

    ``acknowledge`` until somebody answers for a request; ``access`` for seeing, getting and correcting, ``stop`` for
    restricting, objecting and withdrawing, ``erase`` for deleting; ``others`` more where a department has to act too.
    ``warn`` is how long before a clock ends it is warned of.
    """

    acknowledge: int = 2
    access: int = 10
    stop: int = 15
    erase: int = 20
    others: int = 5
    warn: int = 3


_TERM: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.ACCESS: "access",
        Kind.CORRECT: "access",
        Kind.DELETE: "erase",
        Kind.RESTRICT: "stop",
        Kind.OBJECT: "stop",
        Kind.WITHDRAW: "stop",
    }
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The moments (epoch seconds) at which the times of a request are over."""

    take_by: int
    due_at: int


def clocks(kind: Kind, received: int, terms: Terms, *, with_others: bool) -> Clocks:
    """Return the clocks of a request that came in at a moment; ``with_others`` where a department has to act as well."""
    days = base_days(kind, terms) + (terms.others if with_others else 0)
    return Clocks(end_of_day(received, terms.acknowledge), end_of_day(received, days))


def base_days(kind: Kind, terms: Terms) -> int:
    """Return the days that the law gives for carrying out a kind, before anything is added."""
    return int(getattr(terms, _TERM[kind]))


def end_of_day(moment: int, days: int) -> int:
    """Return the midnight in Vietnam that ends the day ``days`` after the one on which a moment is."""
    return ((moment + _OFFSET) // _DAY + days + 1) * _DAY - _OFFSET


def may_extend(kind: Kind, state: State, due_at: int, now: int, days: int, terms: Terms, *, is_extended: bool) -> str:
    """Return why a request cannot be extended by some days (a reason id), or nothing.

    Once, before its time is over, and by no more days than the law gave for it to begin with.
    """
    if state not in OPEN:
        return "decided"
    if is_extended:
        return "extended_before"
    if now >= due_at:
        return "too_late"
    return "" if 1 <= days <= base_days(kind, terms) else "too_long"


def next_at(state: State, take_by: int, due_at: int) -> int:
    """Return the moment of the clock that ends next; of a request that is not open, the one that counted."""
    return min(take_by, due_at) if state is State.RECEIVED else due_at


def standing(state: State, deadline: int, ended_at: int | None, now: int, terms: Terms) -> Standing:
    """Return how a request stands to a clock; ``ended_at`` is when it was decided, None while it is open."""
    if state in OPEN:
        if now >= deadline:
            return Standing.OVERDUE
        return Standing.SOON if deadline - now <= terms.warn * _DAY else Standing.IN_TIME
    return Standing.KEPT if ended_at is not None and ended_at < deadline else Standing.MISSED


def days_left(deadline: int, now: int) -> int:
    """Return the whole days until a moment, negative once it is over; the day on which it ends counts as 0."""
    return (deadline - 1 + _OFFSET) // _DAY - (now + _OFFSET) // _DAY
