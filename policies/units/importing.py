"""Applies a document to a register.

What was observed comes first, then the events day by day, then the proof of the whole.

Every step may be repeated: a second import of the same document changes nothing. Documents may come in any order of
time, so an event that is older than what the register knows cuts an existing row in two and leaves its later edges with
the later half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from policies.units.checks import is_date, name_of, problems_of
from policies.units.document import Document, Event, UnitRow
from policies.units.model import BEGINNING, Edge, Problem, RegisterError, Unit, UnitKey
from policies.units.register import Register


@dataclass(frozen=True, slots=True)
class Applied:
    """The new register, and notices about what was seen and left as it was (``name_differs``)."""

    register: Register
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What to write so that a stored register becomes another.

    Rows and edges to put (insert or replace) and to take away.
    """

    units_put: tuple[Unit, ...]
    units_gone: tuple[UnitKey, ...]
    edges_put: tuple[Edge, ...]
    edges_gone: tuple[Edge, ...]


def apply(register: Register, document: Document) -> Applied:
    """Return the register with a document applied.

    Raises ``RegisterError`` with every problem found; the register given stays as it was. Reasons of its own, besides
    those of ``checks``: ``not_in_force``, ``unknown_target``, ``ends_at_another_time``, ``contradicts``,
    ``as_of_missing``.
    """
    malformed = tuple(_malformed_dates(document))
    if malformed:
        raise RegisterError(malformed)
    work = _Work(register, document)
    work.observe()
    for effective, events in groupby(
        sorted(document.events, key=lambda event: event.effective), lambda event: event.effective
    ):
        work.turn(effective, list(events))
    work.settle()
    result = Register(work.rows.values(), work.edges.values())
    problems = tuple(work.problems) or tuple(work.placed(problem) for problem in problems_of(result))
    if problems:
        raise RegisterError(problems)
    return Applied(result, tuple(work.notices))


def changes(before: Register, after: Register) -> Changes:
    """Return what has to be written to turn one register into the other."""
    old_units, new_units = {unit.key: unit for unit in before.units}, {unit.key: unit for unit in after.units}
    old_edges, new_edges = _by_ends(before), _by_ends(after)
    return Changes(
        units_put=tuple(unit for key, unit in new_units.items() if old_units.get(key) != unit),
        units_gone=tuple(key for key in old_units if key not in new_units),
        edges_put=tuple(edge for ends, edge in new_edges.items() if old_edges.get(ends) != edge),
        edges_gone=tuple(edge for ends, edge in old_edges.items() if ends not in new_edges),
    )


class _Work:
    """The register in the course of one import: mutable, and thrown away with it."""

    def __init__(self, register: Register, document: Document) -> None:
        self.rows: dict[UnitKey, Unit] = {unit.key: unit for unit in register.units}
        self.edges = _by_ends(register)
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self._document = document
        self._by_code: dict[str, set[UnitKey]] = {}
        for key in self.rows:
            self._by_code.setdefault(key.code, set()).add(key)
        arrivals = {(code, event.effective) for event in document.events for code in event.targets}
        self._arrivals = {
            UnitKey(row.code, row.valid_from): row
            for row in document.units
            if row.valid_from is not None and (row.code, row.valid_from) in arrivals
        }
        self._observed: dict[str, UnitRow] = {}
        self._places = {UnitKey(row.code, row.valid_from or BEGINNING): row.place for row in document.units}

    def observe(self) -> None:
        """Take in the units of the document that no event brings about."""
        for row in self._document.units:
            if row.valid_from is None:
                self._observe_undated(row)
            elif UnitKey(row.code, row.valid_from) not in self._arrivals:
                known = self.rows.get(UnitKey(row.code, row.valid_from))
                self._put(self._unit(row, row.valid_from, row.valid_to or (known.valid_to if known else None)))

    def turn(self, effective: str, events: list[Event]) -> None:
        """Apply all events of one day at once, so that their order in the document does not matter."""
        eve = (date.fromisoformat(effective) - timedelta(days=1)).isoformat()
        before = {code: self._on(code, eve) for event in events for code in event.sources}
        targets = {code for event in events for code in event.targets}
        for event in events:
            for code in event.sources:
                if before[code] is None:
                    self.problems.append(Problem(event.place, "from", "not_in_force", f"{code} on {eve}"))
        ended = {
            code: self._end(unit, effective, goes_on=code in targets)
            for code, unit in before.items()
            if unit is not None
        }
        for code in sorted(targets):
            self._begin(code, effective, ended.get(code), events)
        for event in events:
            self._connect(event, before)

    def settle(self) -> None:
        """Compare what was observed and is not explained by an event with what the register has said all along."""
        for row in self._observed.values():
            known = self._on(row.code, self._document.as_of or BEGINNING)
            if known is None or (known.level, known.type.casefold(), known.parent_code) != (
                row.level,
                row.type.casefold(),
                row.parent,
            ):
                self.problems.append(Problem(row.place, "code", "contradicts", name_of(known) if known else row.code))
            elif known.full_name != row.full_name:
                self.notices.append(Problem(row.place, "full_name", "name_differs", f"kept {known.full_name}"))

    def placed(self, problem: Problem) -> Problem:
        """Name the place in the document instead of the row of the register, where the row comes from the document."""
        code, _, valid_from = problem.row.partition("@")
        place = self._places.get(UnitKey(code, valid_from))
        return replace(problem, row=place) if place else problem

    def _observe_undated(self, row: UnitRow) -> None:
        as_of = self._document.as_of
        if as_of is None:
            self.problems.append(Problem(row.place, "valid_from", "as_of_missing"))
        elif self._on(row.code, as_of) is not None:
            self._observed[row.code] = row
        else:
            known_before = any(key.valid_from <= as_of for key in self._by_code.get(row.code, ()))
            self._put(self._unit(row, as_of if known_before else BEGINNING, row.valid_to))

    def _end(self, unit: Unit, effective: str, *, goes_on: bool) -> Unit:
        """End a row on a day and return it as it was.

        What came after it moves to the row that takes over, if one does.
        """
        if unit.valid_to == effective:
            return unit
        was = unit
        if (
            unit.code in self._observed
            and unit.is_valid_on(self._document.as_of or "")
            and (self._document.as_of or "") < effective
        ):
            # What was seen before the cut describes the earlier half; the row itself was written by somebody who saw
            # the later one.
            was = self._unit(self._observed.pop(unit.code), unit.valid_from, effective)
        if not goes_on and unit.valid_to is not None:
            self.problems.append(
                Problem(name_of(unit), "valid_to", "ends_at_another_time", f"{unit.valid_to}, not {effective}")
            )
        self._put(replace(was, valid_to=effective))
        if goes_on:
            self._hand_over(unit.key, effective)
        return unit

    def _hand_over(self, key: UnitKey, effective: str) -> None:
        """Give the edges of the later half of a row that is cut in two to that half."""
        for ends, edge in list(self.edges.items()):
            if edge.source_key == key:
                moved = replace(edge, from_valid_from=effective)
            elif edge.target_key == key and edge.effective >= effective:
                moved = replace(edge, to_valid_from=effective)
            else:
                continue
            del self.edges[ends]
            self._add(moved)

    def _begin(self, code: str, effective: str, before: Unit | None, events: list[Event]) -> None:
        """Put the row of a target: as the document describes it, or else as the unit of the same code was."""
        key, arrival = UnitKey(code, effective), self._arrivals.get(UnitKey(code, effective))
        known = self.rows.get(key)
        if known is not None:
            if arrival is not None:
                self._put(self._unit(arrival, effective, arrival.valid_to or known.valid_to))
        elif arrival is not None:
            later = before.valid_to if before is not None and before.valid_to != effective else None
            self._put(self._unit(arrival, effective, arrival.valid_to or later))
        elif before is not None and before.valid_to != effective:
            self._put(replace(before, valid_from=effective))
        elif before is not None or self._on(code, effective) is None:
            place = next(event.place for event in events if code in event.targets)
            self.problems.append(Problem(place, "to", "unknown_target", f"{code} on {effective}"))

    def _connect(self, event: Event, before: Mapping[str, Unit | None]) -> None:
        for source in event.sources:
            unit = before[source]
            for target in event.targets:
                successor = self._on(target, event.effective)
                if unit is None or successor is None or event.kind is None:
                    continue
                partial = source in event.partial
                ends = (*unit.key, *successor.key)
                self._add(Edge(*ends, event.kind, event.effective, partial=partial, legal_basis=event.legal_basis))

    def _on(self, code: str, day: str) -> Unit | None:
        rows = (self.rows[key] for key in self._by_code.get(code, ()))
        return max((unit for unit in rows if unit.is_valid_on(day)), key=lambda unit: unit.valid_from, default=None)

    def _unit(self, row: UnitRow, valid_from: str, valid_to: str | None) -> Unit:
        source = self._document.source
        return Unit(row.code, valid_from, valid_to, row.level, row.type, row.name, row.full_name, row.parent, source)

    def _put(self, unit: Unit) -> None:
        self.rows[unit.key] = unit
        self._by_code.setdefault(unit.code, set()).add(unit.key)

    def _add(self, edge: Edge) -> None:
        self.edges[edge.source_key, edge.target_key] = edge


def _malformed_dates(document: Document) -> Iterator[Problem]:
    if document.as_of is not None and not is_date(document.as_of):
        yield Problem("document", "as_of", "date_malformed")
    for event in document.events:
        if not is_date(event.effective) or event.effective <= BEGINNING:
            yield Problem(event.place, "effective", "date_malformed")


def _by_ends(register: Register) -> dict[tuple[UnitKey, UnitKey], Edge]:
    return {(edge.source_key, edge.target_key): edge for edge in register.edges}
