"""What a reorganisation does to whatever hangs on a unit: a department system, a right, a residence.

Nothing is rewritten when units change. A holder names its unit as it was on a day (``Holding.code`` and ``since``), and the register says
what that unit is on another day; so a reorganisation takes effect at midnight of its day, everywhere at once, and can be undone until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.units.model import EdgeKind, Unit
from policies.units.register import Register


class Fate(StrEnum):
    """What becomes of a holding. The last two need a person's decision."""

    MOVES = "moves"
    DIVIDED = "divided"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that hangs on a unit.

    ``kind`` is a word such as ``client``; ``holder`` our own id of it ("" where ``count`` of them, persons, are told only as a number);
    ``code`` the unit's code as it was on the ISO date ``since``. ``follows`` are the events that it outlives, None for all: a right over
    a unit is no right over what others were merged with.
    """

    kind: str
    holder: str
    code: str
    since: str
    count: int = 1
    follows: frozenset[EdgeKind] | None = None

    def on(self, register: Register, day: str) -> tuple[Unit, ...]:
        """Return the units that it hangs on on a day."""
        return register.meant(self.code, self.since, day, self.follows)


@dataclass(frozen=True, slots=True)
class Move:
    """A holding, the unit that it hung on the day before, and those that it hangs on afterwards."""

    holding: Holding
    fate: Fate
    unit: Unit
    targets: tuple[Unit, ...]


def moves(register: Register, holdings: Iterable[Holding], eve: str, day: str) -> Iterator[Move]:
    """Yield what changes between two days, in the order of ``holdings``; what stays, and what was unclear before, is left out."""
    for holding in holdings:
        before = holding.on(register, eve)
        is_later = holding.since > eve and register.on(holding.code, holding.since) is not None
        if len(before) != 1 or is_later:
            # What was written down after the day means the unit of after the day: it never hung on the other one.
            continue
        after = holding.on(register, day)
        if after != before:
            yield Move(holding, _fate(after), before[0], after)


def undecided(register: Register, holdings: Iterable[Holding], day: str) -> Iterator[Move]:
    """Yield the holdings that hang on no unit or on several on a day: each waits for a person's decision.

    Holdings of units that the register never knew are left out: an agency's code is none of its business.
    """
    seen: dict[tuple[str, str, frozenset[EdgeKind] | None], tuple[Unit, ...]] = {}
    for holding in holdings:
        known = register.on(holding.code, holding.since) or _last(register, holding.code)
        place = (holding.code, holding.since, holding.follows)
        after = seen.get(place)
        if after is None:
            after = seen[place] = holding.on(register, day)
        if known is not None and len(after) != 1:
            yield Move(holding, _fate(after), known, after)


def _fate(after: tuple[Unit, ...]) -> Fate:
    if not after:
        return Fate.ENDS
    return Fate.MOVES if len(after) == 1 else Fate.DIVIDED


def _last(register: Register, code: str) -> Unit | None:
    history = register.history(code)
    return history[-1] if history else None
