"""Capacities: as whom a person acts at a department, once it is known who he is.

The choice is the person's and is made by him: only acting for oneself is ever taken without asking, and only where nothing else could be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from policies.mandate_kinds import CAPACITIES, PERSON

SELECT: Final = "select"
"""The value of the parameter ``capacity`` that asks for the choice to be shown, whatever was chosen before."""
NOT_PARAMETERS: Final = frozenset({"assisted"})
"""Capacities that no request can ask for: a clerk begins them."""
_ID: Final = re.compile(r"[0-9A-Za-z_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: ``id`` is ``person`` or a mandate's id, ``capacity`` its sort."""

    id: str
    capacity: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known of the choice.

    ``asked`` is the request's parameter ("" for none): a capacity, a mandate's id, or ``select``. ``chosen`` was chosen in this transaction,
    ``remembered`` earlier in this session; both are an option's id or "". ``must_choose`` is ``prompt=select_account``. ``is_begun``
    tells that pages of this transaction may be open: what is chosen in another tab meanwhile must not answer for it.
    """

    asked: str = ""
    chosen: str = ""
    remembered: str = ""
    must_choose: bool = False
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Either ``option`` is settled, or ``offered`` are to be chosen from; with neither nothing that was asked for is held."""

    reason: str
    option: Option | None = None
    offered: tuple[Option, ...] = ()


ONESELF: Final = Option(PERSON, PERSON)


def decide(accepted: Iterable[str], held: Iterable[Option], wish: Wish) -> Decision:
    """Return as whom the person acts, or what he has to choose from.

    ``accepted`` are the capacities that the client takes, ``held`` the mandates that can be used now.
    """
    every = tuple(held)
    possible = _possible(frozenset(accepted), every)
    options = tuple(one for one in possible if _is_asked(one, wish.asked))
    if not options:
        return Decision("capacity_not_held")
    known = {one.id: one for one in options}
    if wish.chosen in known:
        return Decision("chosen", known[wish.chosen])
    is_forced = wish.must_choose or wish.asked == SELECT
    # Held, but of a sort that this client does not take, is not lost: here nothing but himself could be meant.
    was_lost = wish.remembered not in {"", PERSON, *(one.id for one in every)}
    if len(possible) == 1 and options == (ONESELF,) and not was_lost:
        return Decision("only_oneself", ONESELF)
    if wish.remembered in known and not is_forced and not wish.is_begun:
        return Decision("remembered", known[wish.remembered])
    if options == (ONESELF,) and wish.asked == PERSON:
        return Decision("asked_for_oneself", ONESELF)
    return Decision("capacity_ended" if was_lost else "capacity_open", offered=options)


def is_parameter(value: str) -> bool:
    """Tell whether a text can be a value of the parameter: a capacity, ``select``, or what has the form of an id."""
    if value in NOT_PARAMETERS:
        return False
    return value == SELECT or value in CAPACITIES or _ID.fullmatch(value) is not None


def _possible(accepted: frozenset[str], held: tuple[Option, ...]) -> tuple[Option, ...]:
    own = (ONESELF,) if PERSON in accepted else ()
    return (*own, *(one for one in held if one.capacity in accepted and one.capacity not in NOT_PARAMETERS))


def _is_asked(option: Option, asked: str) -> bool:
    return asked in {"", SELECT, option.id, option.capacity}
