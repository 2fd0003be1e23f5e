"""The register of units, reorganisations, and what waits for a decision after one."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import ROOT, Part, Visit, address
from idp.endpoints.admin.tables import moment, state
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.routes import Route
from idp.protocol.wire import WireResponse
from policies.delegation import Action
from policies.units import Unit

_FILTERS: Final = ("q", "under", "on")


class Units(Part):
    """``/admin/units``."""

    name: Final = "units"
    act: Final = Action.UNIT_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            frame.get("/units", self.all),
            frame.get("/units/changes", self.changes),
            frame.get("/units/<code>", self.show),
        )

    def all(self, visit: Visit) -> WireResponse:
        """List the units of a day: by name, or those below one."""
        t, asked = visit.t, visit.asked(*_FILTERS)
        under = asked.get("under") if "under" in asked or asked.get("q") else ""
        found = self._acts.units.search(
            visit.who, visit.window, under=under, text=asked.get("q", ""), on=asked.get("on", "")
        )
        more = address("/units", **asked, cursor=found.following) if found.following else ""
        columns = [t(f"admin.unit.{name}") for name in ("name", "code", "level", "since", "below")]
        table = Table(columns, [_row(visit, one) for one in found.rows], t("admin.unit.none"), more)
        filters = (
            Field("q", t("admin.unit.text"), asked.get("q", "")),
            Field("under", t("admin.unit.under"), asked.get("under", "")),
            Field("on", t("admin.unit.on"), asked.get("on", ""), "date"),
        )
        links = (Link(f"{ROOT}/units/changes", t("admin.unit.changes")),)
        return self._frame.list(visit, self.name, table, filters=filters, links=links)

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
        return self._frame.detail(
            visit, self.name, Detail(t("admin.unit.changes"), t("admin.reorganisation.lead"), sections)
        )


def _row(visit: Visit, one: Unit) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(one.full_name, f"{ROOT}/units/{one.code}"),
        Cell(one.code),
        Cell(t(f"admin.unit.level_{one.level.value}")),
        Cell(t.day(one.valid_from)),
        Cell(t("admin.unit.below"), address("/units", under=one.code)),
    )
