"""Proves a register: one unit a code and day, parents above their children, edges that only lead forward in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from policies.units.model import RANK, Edge, Level, Problem, Unit
from policies.units.register import Register

_CODE: Final = re.compile(r"[0-9A-Za-z]{1,20}")
_MAX_NAME: Final = 200


def problems_of(register: Register) -> tuple[Problem, ...]:
    """Return every fault, rows first.

    Reasons: ``code_malformed``, ``name_missing``, ``name_too_long``, ``date_malformed``, ``empty_validity``,
    ``overlap``, ``parent_missing``, ``province_with_parent``, ``dangling_parent``, ``outlives_parent``,
    ``level_order``, ``dangling_edge``, ``edge_date``.

    No cycle passes: a parent has a lower rank than its child, and an edge ends its source on the day from which its
    target is in force.
    """
    found: list[Problem] = []
    for unit in register.units:
        own = list(_row_problems(unit))
        found += own
        if not own:
            found += _parent_problems(register, unit)
    for code in {unit.code for unit in register.units}:
        for earlier, later in pairwise(register.history(code)):
            if earlier.valid_to is None or earlier.valid_to > later.valid_from:
                found.append(
                    Problem(
                        name_of(later), "valid_from", "overlap", f"{name_of(earlier)} lasts until {earlier.valid_to}"
                    )
                )
    for edge in register.edges:
        found += _edge_problems(register, edge)
    return tuple(found)


def name_of(unit: Unit) -> str:
    """Return ``code@valid_from``, which is how problems name a row of the register."""
    return f"{unit.code}@{unit.valid_from}"


def is_date(text: str) -> bool:
    """Tell whether a text is an ISO date ``YYYY-MM-DD`` that exists."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _row_problems(unit: Unit) -> Iterator[Problem]:
    row = name_of(unit)
    if not _CODE.fullmatch(unit.code):
        yield Problem(row, "code", "code_malformed")
    for field, text in (("name", unit.name), ("full_name", unit.full_name), ("type", unit.type)):
        if not text.strip():
            yield Problem(row, field, "name_missing")
        elif len(text) > _MAX_NAME:
            yield Problem(row, field, "name_too_long")
    for field, day in (("valid_from", unit.valid_from), ("valid_to", unit.valid_to)):
        if day is not None and not is_date(day):
            yield Problem(row, field, "date_malformed")
    if unit.valid_to is not None and unit.valid_to <= unit.valid_from:
        yield Problem(row, "valid_to", "empty_validity")
    if unit.level is Level.PROVINCE and unit.parent_code is not None:
        yield Problem(row, "parent", "province_with_parent")
    if unit.level is not Level.PROVINCE and unit.parent_code is None:
        yield Problem(row, "parent", "parent_missing")


def _parent_problems(register: Register, unit: Unit) -> Iterator[Problem]:
    """Walk the rows of the parent's code through the life of the child.

    They must cover all of it and stand above it.
    """
    if unit.parent_code is None:
        return
    row, covered = name_of(unit), unit.valid_from
    parents = register.history(unit.parent_code)
    if not parents:
        yield Problem(row, "parent", "dangling_parent", unit.parent_code)
        return
    for parent in parents:
        if not parent.is_valid_on(covered):
            continue
        if RANK[parent.level] >= RANK[unit.level]:
            yield Problem(row, "parent", "level_order", f"{name_of(parent)} is a {parent.level.value}")
        if parent.valid_to is None or (unit.valid_to is not None and unit.valid_to <= parent.valid_to):
            return
        covered = parent.valid_to
    yield Problem(row, "parent", "outlives_parent", f"{unit.parent_code} is not in force on {covered}")


def _edge_problems(register: Register, edge: Edge) -> Iterator[Problem]:
    row = f"{edge.from_code}@{edge.from_valid_from} -> {edge.to_code}@{edge.to_valid_from}"
    source, target = register.get(edge.source_key), register.get(edge.target_key)
    if source is None:
        yield Problem(row, "from", "dangling_edge", edge.from_code)
    elif source.valid_to != edge.effective:
        yield Problem(row, "effective", "edge_date", f"{edge.from_code} ends on {source.valid_to}")
    if target is None:
        yield Problem(row, "to", "dangling_edge", edge.to_code)
    elif not target.is_valid_on(edge.effective):
        yield Problem(row, "effective", "edge_date", f"{edge.to_code} is not in force on {edge.effective}")
