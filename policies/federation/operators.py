"""The seven standard operators of a metadata policy, each as one row: its form, how two of them merge, and what it does.

OpenID Federation 1.0 section 6.1.3.1. The order of the rows is the order of application. ``COMBINATIONS`` says which operators
may stand side by side for one parameter, and under what condition; a pair without a row may not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from policies.federation.errors import MetadataRefused, PolicyError

Json = Any
"""Any value of a parsed JSON document."""
Rules = Mapping[str, Json]
"""The operators for one metadata parameter, by name."""


class _Absent:
    """Stands for a parameter that is not there; null is no metadata value (section 5.1)."""


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. ``fault`` says what is wrong with its value; ``merge`` takes the superior's value first.

    ``merge`` raises ``PolicyError`` where the two cannot both hold. ``apply`` takes operator value and parameter (or ``ABSENT``),
    and raises ``MetadataRefused``. Both take the place, for the error.
    """

    name: str
    fault: Callable[[Json], str | None]
    merge: Callable[[Json, Json, str], Json]
    apply: Callable[[Json, Json, str], Json]


def key(value: Json) -> str:
    """Return what two equal JSON values have in common, and unequal ones have not (``1`` is not ``true``)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def is_subset(values: Iterable[Json], others: Iterable[Json]) -> bool:
    """Tell whether each of ``values`` is among ``others``."""
    return {key(value) for value in values} <= {key(other) for other in others}


def _is_equal(one: Json, other: Json) -> bool:
    """Compare; lists of metadata are sets, their order means nothing."""
    if isinstance(one, list) and isinstance(other, list):
        return is_subset(one, other) and is_subset(other, one)
    return key(one) == key(other)


def _union(one: list[Json], other: list[Json]) -> list[Json]:
    return list({key(value): value for value in (*one, *other)}.values())


def _intersection(one: list[Json], other: list[Json]) -> list[Json]:
    known = {key(value) for value in other}
    return [value for value in one if key(value) in known]


def _equal_only(name: str) -> Callable[[Json, Json, str], Json]:
    def merge(superior: Json, subordinate: Json, place: str) -> Json:
        if not _is_equal(superior, subordinate):
            raise PolicyError("policy_conflict", place, f"{name} differs from the superior's")
        return superior

    return merge


def _merge_one_of(superior: Json, subordinate: Json, place: str) -> Json:
    both = _intersection(superior, subordinate)
    if not both:
        raise PolicyError("policy_conflict", place, "one_of has no value in common with the superior's")
    return both


def _apply_add(added: Json, current: Json, place: str) -> Json:
    return list(added) if current is ABSENT else _union(_list(current, place, "add"), added)


def _apply_one_of(allowed: Json, current: Json, place: str) -> Json:
    if current is not ABSENT and not is_subset([current], allowed):
        raise MetadataRefused("not_one_of", place, "the value is none of those that a superior allows")
    return current


def _apply_subset_of(allowed: Json, current: Json, place: str) -> Json:
    return current if current is ABSENT else _intersection(_list(current, place, "subset_of"), allowed)


def _apply_superset_of(needed: Json, current: Json, place: str) -> Json:
    if current is not ABSENT and not is_subset(needed, _list(current, place, "superset_of")):
        raise MetadataRefused("not_superset_of", place, "a value that a superior demands is missing")
    return current


def _apply_essential(is_essential: Json, current: Json, place: str) -> Json:
    if is_essential and current is ABSENT:
        raise MetadataRefused("essential_missing", place, "a superior demands this parameter")
    return current


def _list(current: Json, place: str, name: str) -> list[Json]:
    if not isinstance(current, list):
        raise MetadataRefused("not_a_list", place, f"{name} needs a list of values")
    return current


def _values_fault(value: Json) -> str | None:
    is_good = isinstance(value, list) and all(member is not None and not isinstance(member, list) for member in value)
    return None if is_good else "must be a list of values"


def _some_values_fault(value: Json) -> str | None:
    return _values_fault(value) or (None if value else "must not be empty")


_ROWS: Final = (
    Operator(
        "value",
        lambda _: None,
        _equal_only("value"),
        lambda value, _current, _place: ABSENT if value is None else value,
    ),
    Operator("add", _values_fault, lambda one, other, _: _union(one, other), _apply_add),
    Operator(
        "default",
        lambda value: "must not be null" if value is None else None,
        _equal_only("default"),
        lambda value, current, _: value if current is ABSENT else current,
    ),
    Operator("one_of", _some_values_fault, _merge_one_of, _apply_one_of),
    Operator("subset_of", _values_fault, lambda one, other, _: _intersection(one, other), _apply_subset_of),
    Operator("superset_of", _values_fault, lambda one, other, _: _union(one, other), _apply_superset_of),
    Operator(
        "essential",
        lambda value: None if isinstance(value, bool) else "must be true or false",
        lambda one, other, _: one or other,
        _apply_essential,
    ),
)
OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every operator by name, in the order of application. Another one is a row here, and rows in ``COMBINATIONS``."""


def _holds(_rules: Rules) -> bool:
    return True


def _within(inner: str, outer: str) -> Callable[[Rules], bool]:
    def condition(rules: Rules) -> bool:
        one, other = rules[inner], rules[outer]
        return isinstance(one, list) and isinstance(other, list) and is_subset(one, other)

    return condition


def _pair(one: str, other: str, condition: Callable[[Rules], bool] = _holds) -> tuple[frozenset[str], Any]:
    return frozenset({one, other}), condition


COMBINATIONS: Final[Mapping[frozenset[str], Callable[[Rules], bool]]] = MappingProxyType(
    dict(
        (
            _pair("value", "add", _within("add", "value")),
            _pair("value", "default", lambda rules: rules["value"] is not None),
            _pair("value", "one_of", lambda rules: is_subset([rules["value"]], rules["one_of"])),
            _pair("value", "subset_of", _within("value", "subset_of")),
            _pair("value", "superset_of", _within("superset_of", "value")),
            _pair("value", "essential", lambda rules: rules["value"] is not None or not rules["essential"]),
            _pair("add", "default"),
            _pair("add", "subset_of", _within("add", "subset_of")),
            _pair("add", "superset_of"),
            _pair("add", "essential"),
            _pair("default", "one_of"),
            _pair("default", "subset_of"),
            _pair("default", "superset_of"),
            _pair("default", "essential"),
            _pair("one_of", "essential"),
            _pair("subset_of", "superset_of", _within("superset_of", "subset_of")),
            _pair("subset_of", "essential"),
            _pair("superset_of", "essential"),
        )
    )
)
"""The pairs that may stand together; ``add`` beside ``one_of``, and ``one_of`` beside a set check, may not."""
