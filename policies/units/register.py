"""The register as a value: rows and edges, and what can be asked of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final

from policies.units.model import Edge, EdgeKind, Unit, UnitKey

_TREES: Final = 4
"""Dates whose trees are kept: today's is asked again and again."""


class Register:
    """All units of all times. Immutable.

    ``policies.units.importing`` makes a new one out of an old one and a document.
    """

    def __init__(self, units: Iterable[Unit] = (), edges: Iterable[Edge] = ()) -> None:
        """Take rows and edges in any order; they are believed (``policies.units.checks`` proves them)."""
        rows: dict[str, list[Unit]] = {}
        for unit in units:
            rows.setdefault(unit.code, []).append(unit)
        self._rows = {code: tuple(sorted(own, key=lambda unit: unit.valid_from)) for code, own in sorted(rows.items())}
        self._starts = {code: [unit.valid_from for unit in own] for code, own in self._rows.items()}
        self._trees: dict[str, Mapping[str | None, tuple[Unit, ...]]] = {}
        self._edges = tuple(sorted(edges, key=lambda edge: (edge.source_key, edge.target_key)))

    @property
    def units(self) -> tuple[Unit, ...]:
        """Return every row, by code and beginning."""
        return tuple(unit for own in self._rows.values() for unit in own)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Return every edge, by source and target."""
        return self._edges

    def get(self, key: UnitKey) -> Unit | None:
        """Return the row with this key."""
        unit = self._latest(key.code, key.valid_from)
        return unit if unit is not None and unit.valid_from == key.valid_from else None

    def on(self, code: str, date: str) -> Unit | None:
        """Return the unit that has ``code`` on an ISO date, or None."""
        unit = self._latest(code, date)
        return unit if unit is not None and unit.is_valid_on(date) else None

    def history(self, code: str) -> tuple[Unit, ...]:
        """Return every row that ever had ``code``, oldest first; neighbours may be quite different places."""
        return self._rows.get(code, ())

    def edges_from(self, key: UnitKey) -> tuple[Edge, ...]:
        """Return what a row became when it ended."""
        return self._outgoing.get(key, ())

    def edges_into(self, key: UnitKey) -> tuple[Edge, ...]:
        """Return what a row was made of."""
        return self._incoming.get(key, ())

    def successors(
        self, code: str, from_date: str, on_date: str, kinds: frozenset[EdgeKind] | None = None
    ) -> tuple[Unit, ...]:
        """Return what the unit with ``code`` on ``from_date`` is on the later ``on_date``, by code, each once.

        Itself while it lasts; nothing for a unit that was dissolved without successor (a district), for an unknown
        code, and for an ``on_date`` before ``from_date``. More than one where it was divided. ``kinds`` are the events that are
        followed, None for all.
        """
        start = self.on(code, from_date)
        return self._follow(start, on_date, kinds) if start is not None and from_date <= on_date else ()

    def resolve(self, code: str, on_date: str, kinds: frozenset[EdgeKind] | None = None) -> tuple[Unit, ...]:
        """Return the unit that has ``code`` on a date; if none has, what the last one before has become by then.

        For codes whose own date is not known. Where the date is known, ask ``successors``: the code may be somebody
        else's by now.
        """
        last = self._latest(code, on_date)
        return self._follow(last, on_date, kinds) if last is not None else ()

    def meant(self, code: str, since: str, on_date: str, kinds: frozenset[EdgeKind] | None = None) -> tuple[Unit, ...]:
        """Return what somebody who wrote ``code`` down on ``since`` means on a date: that day's unit or what became of it.

        A code that no unit had on ``since`` is read as one of an unknown day (``resolve``): lists are often older than they say.
        """
        written = min(since, on_date)
        if self.on(code, written):
            return self.successors(code, written, on_date, kinds)
        return self.resolve(code, on_date, kinds)

    def ancestors(self, code: str, date: str) -> tuple[Unit, ...]:
        """Return the units above the one with ``code`` on a date, nearest first."""
        found: list[Unit] = []
        unit = self.on(code, date)
        while unit is not None and unit.parent_code is not None:
            unit = self.on(unit.parent_code, date)
            if unit is None or unit in found:
                break
            found.append(unit)
        return tuple(found)

    def tree(self, date: str) -> Mapping[str | None, tuple[Unit, ...]]:
        """Return the units of a date by the code of the unit above them (None for provinces), each list by code."""
        if date in self._trees:
            return self._trees[date]
        children: dict[str | None, list[Unit]] = {}
        for own in self._rows.values():
            for unit in own:
                if unit.is_valid_on(date):
                    children.setdefault(unit.parent_code, []).append(unit)
        if len(self._trees) >= _TREES:
            self._trees.clear()
        return self._trees.setdefault(
            date, MappingProxyType({parent: tuple(units) for parent, units in children.items()})
        )

    def _latest(self, code: str, date: str) -> Unit | None:
        """Return the last row of a code that began on or before a date."""
        starts = self._starts.get(code)
        index = bisect_right(starts, date) if starts else 0
        return self._rows[code][index - 1] if index else None

    def _follow(self, start: Unit, on_date: str, kinds: frozenset[EdgeKind] | None) -> tuple[Unit, ...]:
        found: dict[UnitKey, Unit] = {}
        seen: set[UnitKey] = set()
        waiting = [start]
        while waiting:
            unit = waiting.pop()
            if unit.key in seen:
                continue
            seen.add(unit.key)
            if unit.is_valid_on(on_date):
                found[unit.key] = unit
                continue
            edges = (edge for edge in self.edges_from(unit.key) if kinds is None or edge.kind in kinds)
            targets = (self.get(edge.target_key) for edge in edges if edge.effective <= on_date)
            waiting.extend(target for target in targets if target is not None)
        return tuple(found[key] for key in sorted(found))

    @cached_property
    def _outgoing(self) -> Mapping[UnitKey, tuple[Edge, ...]]:
        grouped: dict[UnitKey, list[Edge]] = {}
        for edge in self._edges:
            grouped.setdefault(edge.source_key, []).append(edge)
        return {key: tuple(own) for key, own in grouped.items()}

    @cached_property
    def _incoming(self) -> Mapping[UnitKey, tuple[Edge, ...]]:
        grouped: dict[UnitKey, list[Edge]] = {}
        for edge in self._edges:
            grouped.setdefault(edge.target_key, []).append(edge)
        return {key: tuple(own) for key, own in grouped.items()}
