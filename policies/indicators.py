"""The province's indicator: what share of the people and businesses that used a system were identified and authenticated, showing nobody.

Small cells are hidden, and so is what would let a reader compute them: a remainder that is small, and a second cell where a group would have only one
hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

TARGET: Final = 90
"""Per cent, by the Resolution."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Distinct people or businesses of a month at one system, one unit or the province; ``kind`` is ``person``, ``organisation`` or ``all``."""

    scope: str
    code: str
    kind: str
    used: int
    authenticated: int
    identified: int
    strong: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell as it may be shown. None is hidden; ``share`` is in whole per cent, ``at_least`` a bound where the share itself would tell too much."""

    scope: str
    code: str
    kind: str
    used: int | None
    authenticated: int | None
    identified: int | None
    strong: int | None
    share: int | None
    at_least: int | None = None

    @property
    def reaches_target(self) -> bool | None:
        """Tell whether the target is reached; None where that cannot be said."""
        if self.share is not None:
            return self.share >= TARGET
        return True if self.at_least is not None and self.at_least >= TARGET else None


def figures(cells: Sequence[Cell], threshold: int) -> list[Figure]:
    """Return the cells as they may be shown, in their order; counts from 1 to below ``threshold`` are hidden."""
    hidden = {index for index, cell in enumerate(cells) if _is_small(cell.used, threshold)}
    hidden |= _second_hidden(cells, hidden)
    return [_hidden(cell) if index in hidden else _shown(cell, threshold) for index, cell in enumerate(cells)]


def _second_hidden(cells: Sequence[Cell], hidden: set[int]) -> set[int]:
    """Return for each group with exactly one hidden cell the smallest other one: or else the total would give the hidden one away."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, cell in enumerate(cells):
        if cell.group:
            groups.setdefault((cell.scope, cell.group, cell.kind), []).append(index)
    more = set()
    for members in groups.values():
        others = [index for index in members if index not in hidden and cells[index].used]
        if len([index for index in members if index in hidden]) == 1 and others:
            more.add(min(others, key=lambda index: cells[index].used))
    return more


def _is_small(count: int, threshold: int) -> bool:
    return 0 < count < threshold


def _hidden(cell: Cell) -> Figure:
    return Figure(cell.scope, cell.code, cell.kind, None, None, None, None, None)


def _shown(cell: Cell, threshold: int) -> Figure:
    def part(count: int) -> int | None:
        return None if _is_small(count, threshold) or _is_small(cell.used - count, threshold) else count

    found = Figure(
        cell.scope,
        cell.code,
        cell.kind,
        cell.used,
        part(cell.authenticated),
        part(cell.identified),
        part(cell.strong),
        None,
    )
    if not cell.used:
        return found
    if found.identified is not None:
        return replace(found, share=100 * cell.identified // cell.used)
    if _is_small(cell.used - cell.identified, threshold):
        return replace(found, at_least=100 * (cell.used - threshold + 1) // cell.used)
    return found
