"""What one document changed in the register, kept so that it can be taken back as long as nobody has built on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from policies.units.importing import Changes
from policies.units.model import Edge, EdgeKind, Level, Problem, RegisterError, Unit
from policies.units.register import Register


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows and edges as they were before (``was``) and after (``became``); what is in one alone was taken away or put in."""

    units_was: tuple[Unit, ...]
    units_became: tuple[Unit, ...]
    edges_was: tuple[Edge, ...]
    edges_became: tuple[Edge, ...]

    def document(self) -> dict[str, Any]:
        """Return JSON values; ``restored`` reads them back."""
        return {
            name: [list(astuple(one)) for one in getattr(self, name)]
            for name in ("units_was", "units_became", "edges_was", "edges_became")
        }


def restored(document: Mapping[str, Any]) -> Difference:
    """Return the difference of stored JSON values."""
    return Difference(
        tuple(map(_unit, document["units_was"])),
        tuple(map(_unit, document["units_became"])),
        tuple(map(_edge, document["edges_was"])),
        tuple(map(_edge, document["edges_became"])),
    )


def difference(before: Register, todo: Changes) -> Difference:
    """Return what ``todo`` changes in a register."""
    old = {(edge.source_key, edge.target_key): edge for edge in before.edges}
    touched = (*(unit.key for unit in todo.units_put), *todo.units_gone)
    replaced = (old.get((edge.source_key, edge.target_key)) for edge in todo.edges_put)
    return Difference(
        tuple(unit for key in touched if (unit := before.get(key)) is not None),
        todo.units_put,
        (*(edge for edge in replaced if edge is not None), *todo.edges_gone),
        todo.edges_put,
    )


def undo(register: Register, made: Difference) -> Changes:
    """Return what takes a difference back; raises ``RegisterError`` (``built_on``) where the register has changed there since."""
    edges = {(edge.source_key, edge.target_key): edge for edge in register.edges}
    before = {unit.key: unit for unit in made.units_was}
    before_edges = {(edge.source_key, edge.target_key): edge for edge in made.edges_was}
    became = {unit.key for unit in made.units_became}
    problems = [
        *(unit.key for unit in made.units_became if register.get(unit.key) != unit),
        *(key for key in before if key not in became and register.get(key) is not None),
        *(edge.source_key for edge in made.edges_became if edges.get((edge.source_key, edge.target_key)) != edge),
    ]
    if problems:
        raise RegisterError(tuple(_built_on(key) for key in dict.fromkeys(problems)))
    return Changes(
        units_put=made.units_was,
        units_gone=tuple(unit.key for unit in made.units_became if unit.key not in before),
        edges_put=made.edges_was,
        edges_gone=tuple(e for e in made.edges_became if (e.source_key, e.target_key) not in before_edges),
    )


def _built_on(key: Iterable[str]) -> Problem:
    return Problem("@".join(key), "valid_from", "built_on", "a later import changed this row")


def _unit(row: list[Any]) -> Unit:
    code, valid_from, valid_to, level, *rest = row
    return Unit(code, valid_from, valid_to, Level(level), *rest)


def _edge(row: list[Any]) -> Edge:
    return Edge(row[0], row[1], row[2], row[3], EdgeKind(row[4]), row[5], bool(row[6]), row[7])
