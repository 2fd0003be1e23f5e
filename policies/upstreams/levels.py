"""How surely an upstream says that it knows a person, in our levels: only what it asserts and the operator's table names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from policies import assurance
from policies.upstreams.mapping import scalar

HIGHEST_BASE: Final = assurance.LOA_2
"""What a sign-in may count as without the upstream asserting anything: a biometric has to be asserted."""


@dataclass(frozen=True, slots=True)
class LevelRule:
    """One value of one upstream field and what it is worth: an ``acr`` ("" for none), an account level (0 for none), ``amr`` values."""

    field: str
    value: str
    acr: str = ""
    identity_level: int = 0
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    """What a sign-in at the upstream is worth when no rule fits."""

    acr: str = assurance.LOA_1
    amr: tuple[str, ...] = ()
    identity_level: int = 1


@dataclass(frozen=True, slots=True)
class Assessed:
    """The levels of one sign-in."""

    acr: str
    amr: tuple[str, ...]
    identity_level: int


def assessed(fields: Mapping[str, object], rules: Iterable[LevelRule], base: Base) -> Assessed:
    """Return the highest levels that the fields assert by the rules, never less than the base; ``amr`` goes with the ``acr``."""
    acr, amr, level = base.acr, base.amr, base.identity_level
    for rule in rules:
        if not _asserts(fields.get(rule.field), rule.value):
            continue
        if assurance.rank(rule.acr) > assurance.rank(acr):
            acr, amr = rule.acr, rule.amr
        level = max(level, rule.identity_level)
    return Assessed(acr, amr, level)


def highest(rules: Iterable[LevelRule], base: Base) -> str:
    """Return the highest ``acr`` that an upstream could ever give."""
    return max((base.acr, *(rule.acr for rule in rules)), key=assurance.rank)


def bounded(acr: str, ceiling: str) -> str:
    """Return an ``acr`` that is at most the ceiling; "" sets none."""
    return min((acr, ceiling), key=assurance.rank) if assurance.rank(ceiling) else acr


def _asserts(given: object, wanted: str) -> bool:
    if isinstance(given, list):
        return any(scalar(one) == wanted for one in given)
    return bool(wanted) and scalar(given) == wanted
