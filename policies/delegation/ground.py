"""The tree of units on one day, as rights see it: where a grant still stands, and which units are below it.

Rights go down the register's own edges from child to parent. A code says nothing: ``79.10`` is not below ``79.1``, and the unit that has a
code today may be another than the one that had it when the grant was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from policies.delegation.model import TOP
from policies.units import EdgeKind, Register, UnitKey

SAME: Final = frozenset({EdgeKind.RENAME, EdgeKind.TYPE_CHANGE, EdgeKind.TRANSFER})
"""What leaves a unit itself. Merged, split or of another level it is another one, and somebody has to decide anew who administers that."""


@dataclass(frozen=True)
class Ground:
    """The register on an ISO date."""

    register: Register
    day: str

    def standing(self, unit: UnitKey) -> UnitKey | None:
        """Return the row that a unit is today, under its new name or above it another parent; None when it ended or has not begun."""
        if unit == TOP:
            return TOP
        row = self.register.get(unit)
        seen: set[UnitKey] = set()
        while row is not None and not row.is_valid_on(self.day):
            edges = self.register.edges_from(row.key)
            if row.key in seen or len(edges) != 1:
                return None
            seen.add(row.key)
            edge = edges[0]
            is_same = edge.kind in SAME and not edge.partial and edge.effective <= self.day
            if not is_same or len(self.register.edges_into(edge.target_key)) != 1:
                return None
            row = self.register.get(edge.target_key)
        return row.key if row is not None else None

    def reaches(self, granted: UnitKey, unit: UnitKey) -> bool:
        """Tell whether a grant at one unit counts for another that is in force: the same, or one above it today."""
        if granted == TOP:
            return True
        stands = self.standing(granted)
        if stands is None or unit == TOP:
            return False
        row = self.register.get(unit)
        if row is None or not row.is_valid_on(self.day):
            return False
        return stands == unit or any(above.key == stands for above in self.register.ancestors(unit.code, self.day))

    def units_of(self, code: str, since: str) -> tuple[UnitKey, ...]:
        """Return what the unit that a code meant on the day ``since`` is today; nothing for a code that names none.

        A code that nobody had on that day means the next unit that got it: somebody wrote it down ahead of time.
        """
        then = self.register.on(code, since)
        if then is None:
            then = next((row for row in self.register.history(code) if row.valid_from > since), None)
        if then is None:
            return ()
        start = max(then.valid_from, since)
        if start > self.day:
            return ()
        return tuple(row.key for row in self.register.successors(code, start, self.day))

    def below(self, granted: UnitKey) -> frozenset[str]:
        """Return the codes of the units in force that a grant at a unit reaches; for the top, of all."""
        children = self.register.tree(self.day)
        if granted == TOP:
            return frozenset(unit.code for units in children.values() for unit in units)
        stands = self.standing(granted)
        found: set[str] = set()
        waiting = [stands.code] if stands is not None else []
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(unit.code for unit in children.get(code, ()))
        return frozenset(found)
