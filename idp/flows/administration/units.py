"""The register of units, for whoever administers something in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from idp.errors import InvalidInput, NotFound
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page, place_page
from idp.flows.administration.words import begins_one, has_words, words_of
from idp.ports.reorganisations import Reorganisation, ReorganisationState
from idp.services.reorganisations import Reorganisations
from idp.services.units import UnitAnswer, UnitService
from policies.delegation import Action
from policies.units import Edge, Move, Unit, UnitKey


@dataclass(frozen=True, slots=True)
class Lineage:
    """What is above a unit, what it was made of, and what it became."""

    above: tuple[Unit, ...]
    before: tuple[tuple[Unit, Edge], ...]
    after: tuple[tuple[Unit, Edge], ...]


@dataclass(frozen=True, slots=True)
class ReorganisationSearch:
    """A search: words of the document's name or of its day, and one of the states."""

    text: str = ""
    state: str = ""


class UnitAdministration:
    """Reads the register. It is public knowledge, so it is not cut to anybody's reach."""

    def __init__(self, gate: Gate, units: UnitService, reorganisations: Reorganisations) -> None:
        """Take collaborators."""
        self._gate = gate
        self._units = units
        self._reorganisations = reorganisations

    def show(self, who: Administrator, code: str, on: str = "") -> UnitAnswer:
        """Return what is known of a code on a date, today by default."""
        self._gate.anywhere(who, Action.UNIT_READ, f"unit:{code}")
        return self._units.show(code, _day(on) or None)

    def reorganisations(self, who: Administrator, wanted: ReorganisationSearch, window: Window) -> Page[Reorganisation]:
        """Return the reorganisations, newest first; raises ``InvalidInput``."""
        self._gate.anywhere(who, Action.UNIT_READ, "units")
        if wanted.state and wanted.state not in set(ReorganisationState):
            raise InvalidInput(f"must be one of {', '.join(ReorganisationState)}", field="state")
        words = words_of(wanted.text)
        rows = (one for one in self._reorganisations.all() if wanted.state in {"", one.state})
        return place_page([one for one in rows if has_words(words, one.source, one.effective)], window)

    def decisions(self, who: Administrator) -> list[Move]:
        """Return what hangs on no unit, or on several, today, to whoever reads the whole register; nothing to others."""
        self._gate.anywhere(who, Action.UNIT_READ, "units")
        return self._reorganisations.decisions() if self._gate.holds(who, Action.UNIT_READ, everywhere=True) else []

    def undecided(self, who: Administrator, window: Window, *, text: str = "", kind: str = "") -> Page[Move]:
        """Return these a page at a time: those of a kind, whose unit or what it became has the words, or whose holder's id begins so."""
        words = words_of(text)
        return place_page(
            [
                one
                for one in self.decisions(who)
                if kind in {"", one.holding.kind}
                and (
                    begins_one(text, one.holding.holder)
                    or has_words(words, *(f"{unit.code} {unit.full_name}" for unit in (one.unit, *one.targets)))
                )
            ],
            window,
        )

    def waiting(self, who: Administrator) -> int:
        """Return how many these are; in a large province as it was at most a minute ago."""
        self._gate.anywhere(who, Action.UNIT_READ, "units")
        return self._reorganisations.waiting() if self._gate.holds(who, Action.UNIT_READ, everywhere=True) else 0

    def lineage(self, who: Administrator, key: UnitKey) -> Lineage:
        """Return what a row of the register was made of and became, with the legal basis, and what is above it on its first day."""
        self._gate.anywhere(who, Action.UNIT_READ, f"unit:{key.code}")
        register, unit = self._units.register, self._units.register.get(key)
        if unit is None:
            raise NotFound("no such unit", field="code")
        day = max(unit.valid_from, min(self._units.today(), unit.valid_to or self._units.today()))
        if unit.valid_to is not None and day >= unit.valid_to:
            day = unit.valid_from
        before = [(register.get(edge.source_key), edge) for edge in register.edges_into(key)]
        after = [(register.get(edge.target_key), edge) for edge in register.edges_from(key)]
        return Lineage(
            tuple(register.ancestors(key.code, day)),
            tuple((one, edge) for one, edge in before if one is not None),
            tuple((one, edge) for one, edge in after if one is not None),
        )

    def search(
        self, who: Administrator, window: Window, *, under: str | None = None, text: str = "", on: str = ""
    ) -> Page[Unit]:
        """Return the units of a date by code: directly below ``under`` ("" for the provinces), or of this name without diacritics."""
        self._gate.anywhere(who, Action.UNIT_READ, "units")
        day = _day(on) or self._units.today()
        register, words = self._units.register, words_of(text)
        children = register.tree(day)
        if under and register.on(under, day) is None:
            raise NotFound("no unit has this code on that day", field="under")
        chosen = (
            [unit for units in children.values() for unit in units]
            if under is None
            else children.get(under or None, ())
        )
        rows = sorted(
            (unit for unit in chosen if unit.code > window.after and has_words(words, unit.code, unit.full_name)),
            key=lambda unit: unit.code,
        )[: window.limit + 1]
        return page(rows, [unit.code for unit in rows], window.limit)


def _day(text: str) -> str:
    if not text:
        return ""
    try:
        found = date.fromisoformat(text).isoformat()
    except ValueError:
        found = ""
    if found != text:
        raise InvalidInput("must be a date as YYYY-MM-DD", field="on")
    return found
