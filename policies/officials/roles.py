"""Groups of a directory to roles of officials: role x unit, with dates (the fields of an assignment are those of ``domain.md`` section 5.3).

The mapping is declared by the operator, row by row; a group that no row names gives nothing, and a name in a directory never becomes a role
by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class RoleKey(NamedTuple):
    """What makes an assignment this one: the role, and the unit by code and beginning, as codes are used again."""

    role: str
    unit_code: str
    unit_from: str


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Members of ``group`` have ``role`` at ``unit`` from ``valid_from`` until ``valid_to`` (epoch seconds; None: without end).

    ``unit`` "" is the unit that the person's own entry names. ``group`` is in the normal form of the directory.
    """

    group: str
    role: str
    unit: str = ""
    valid_from: int = 0
    valid_to: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """An assignment that the directory calls for now."""

    key: RoleKey
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """An assignment that is stored and has not been ended by anybody."""

    id: str
    key: RoleKey
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to change so that what is held is what is called for."""

    begin: tuple[Wanted, ...]
    end: tuple[Held, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether all is as it should be."""
        return not self.begin and not self.end


def wanted(
    rules: Iterable[RoleRule], groups: Collection[str], units: Mapping[str, tuple[str, str]], own_unit: str, now: int
) -> tuple[Wanted, ...]:
    """Return the assignments that follow from a person's groups now.

    ``units`` maps a unit's code to (code, beginning) of the unit in force; a rule whose unit it does not know gives nothing: a right at a unit
    that does not exist would be a right at whichever unit gets that code next. Of several rules for one key the widest dates count.
    """
    found: dict[RoleKey, Wanted] = {}
    for rule in rules:
        unit = units.get(rule.unit or own_unit)
        if rule.group not in groups or unit is None or not _is_in_force(rule, now):
            continue
        key = RoleKey(rule.role, *unit)
        before = found.get(key)
        found[key] = Wanted(key, rule.valid_from, rule.valid_to) if before is None else _wider(before, rule)
    return tuple(found[key] for key in sorted(found))


def difference(held: Iterable[Held], called_for: Iterable[Wanted], now: int) -> Difference:
    """Return what begins and what ends. One whose end came by itself, or whose declared end changed, ends and may begin anew."""
    by_key = {one.key: one for one in called_for}
    kept, ending = set(), []
    for one in held:
        target = by_key.get(one.key)
        is_over = one.valid_to is not None and one.valid_to <= now
        if target is None or is_over or target.valid_to != one.valid_to or one.key in kept:
            ending.append(one)
        else:
            kept.add(one.key)
    begin = tuple(one for key, one in sorted(by_key.items()) if key not in kept)
    return Difference(begin, tuple(ending))


def _is_in_force(rule: RoleRule, now: int) -> bool:
    return rule.valid_from <= now and (rule.valid_to is None or now < rule.valid_to)


def _wider(before: Wanted, rule: RoleRule) -> Wanted:
    ends = (before.valid_to, rule.valid_to)
    latest = None if None in ends else max(end for end in ends if end is not None)
    return Wanted(before.key, min(before.valid_from, rule.valid_from), latest)
