"""The register of units, reorganisations, and what waits for a decision after one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.lists import FILE, Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, state
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.routes import Route
from idp.flows.administration.paging import Page, Window
from idp.protocol.wire import WireResponse
from policies.delegation import Action
from policies.units import Move, Unit

_FILTERS: Final = ("q", "under", "on")


class Units(ListPart):
    """``/admin/units``."""

    name: Final = "units"
    act: Final = Action.UNIT_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            *self.listed(self.listing()),
            frame.get("/units/changes", self.changes),
            self.filed(
                "/units/changes",
                Sheet("decisions", ("kind", "holder", "count", "code", "unit", "fate"), _decision),
                lambda visit, _window: Page(self._acts.units.decisions(visit.who)),
            ),
            frame.get("/units/<code>", self.show),
        )

    def listing(self) -> Listing[Unit]:
        """Return the list of the units of a day: by name, or those below one."""
        heads = ("code", "valid_from", "valid_to", "level", "full_name", "parent_code")
        return Listing(
            self.name,
            "/units",
            self._search,
            [f"admin.unit.{name}" for name in ("name", "code", "level", "since", "below")],
            _row,
            "admin.unit.none",
            Sheet("units", heads, _values),
            _FILTERS,
            _fields,
            lambda visit: (Link(f"{ROOT}/units/changes", visit.t("admin.unit.changes")),),
        )

    def _search(self, visit: Visit, window: Window) -> Page[Unit]:
        asked = visit.asked(*_FILTERS)
        under = asked.get("under") if "under" in asked or asked.get("q") else ""
        return self._acts.units.search(visit.who, window, under=under, text=asked.get("q", ""), on=asked.get("on", ""))

    def show(self, visit: Visit, code: str) -> WireResponse:
        """Show what is known of a code."""
        t, answer = visit.t, self._acts.units.show(visit.who, code, visit.query.get("on", ""))
        columns = [t(f"admin.unit.{name}") for name in ("name", "since", "until", "source")]
        history = [
            (Cell(one.full_name), Cell(t.day(one.valid_from)), Cell(t.day(one.valid_to or DASH)), Cell(one.source))
            for one in answer.history
        ]
        became = [(Cell(one.full_name, f"{ROOT}/units/{one.code}"), Cell(one.code)) for one in answer.became]
        sections = (
            Section(t("admin.unit.history"), table=Table(columns, history, t("admin.unit.none"))),
            Section(
                t("admin.unit.became"),
                table=Table([t("admin.unit.name"), t("admin.unit.code")], became, t("admin.unit.ended")),
            ),
        )
        title = answer.unit.full_name if answer.unit is not None else code
        links = (
            Link(address("/units", under=code), t("admin.unit.below")),
            Link(address("/clients", unit=code), t("admin.area.clients")),
        )
        return self._frame.detail(
            visit, self.name, Detail(title, t("admin.unit.lead", code=code), sections, links=links)
        )

    def changes(self, visit: Visit) -> WireResponse:
        """List the reorganisations, and what a person has to decide."""
        t = visit.t
        columns = [t(f"admin.reorganisation.{name}") for name in ("source", "state", "effective", "made")]
        rows = [
            (Cell(one.source), state(t, one.state.value), Cell(t.day(one.effective)), moment(t, one.created_at))
            for one in self._acts.units.reorganisations(visit.who)
        ]
        waits = [t(f"admin.reorganisation.{name}") for name in ("what", "unit", "fate")]
        waiting = [
            (
                Cell(f"{move.holding.kind} {move.holding.holder or move.holding.count}"),
                Cell(f"{move.unit.full_name} ({move.unit.code})"),
                Cell(t(f"admin.reorganisation.fate_{move.fate.value}")),
            )
            for move in self._acts.units.decisions(visit.who)
        ]
        sections = (
            Section(t("admin.unit.changes"), table=Table(columns, rows, t("admin.reorganisation.none"))),
            Section(
                t("admin.reorganisation.decisions"), table=Table(waits, waiting, t("admin.reorganisation.decided"))
            ),
        )
        links = (Link(f"{ROOT}/units/changes{FILE}", t("admin.export")),)
        shown = Detail(t("admin.unit.changes"), t("admin.reorganisation.lead"), sections, links=links)
        return self._frame.detail(visit, self.name, shown)


def _row(visit: Visit, one: Unit) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(one.full_name, f"{ROOT}/units/{one.code}"),
        Cell(one.code),
        Cell(t(f"admin.unit.level_{one.level.value}")),
        Cell(t.day(one.valid_from)),
        Cell(t("admin.unit.below"), address("/units", under=one.code)),
    )


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    return (
        Field("q", t("admin.unit.text"), asked.get("q", "")),
        Field("under", t("admin.unit.under"), asked.get("under", "")),
        Field("on", t("admin.unit.on"), asked.get("on", ""), "date"),
    )


def _values(one: Unit) -> tuple[object, ...]:
    return (one.code, one.valid_from, one.valid_to, one.level.value, one.full_name, one.parent_code)


def _decision(move: Move) -> tuple[object, ...]:
    held, unit = move.holding, move.unit
    return (held.kind, held.holder, held.count, unit.code, unit.full_name, move.fate.value)
