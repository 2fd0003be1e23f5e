"""The register of units: the tree of a day, and what is known of a code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.routes import Route
from idp.flows.administration.clients import ClientQuery
from idp.flows.administration.paging import Page, Window
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from policies.delegation import Action
from policies.units import BEGINNING, Edge, Unit

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
        shown = answer.unit or answer.history[-1]
        lineage = self._acts.units.lineage(visit.who, shown.key)
        names = [t(f"admin.unit.{name}") for name in ("name", "since", "until", "source")]
        history = [
            (
                Cell(one.full_name, address(f"/units/{code}", on=one.valid_from)),
                _since(t, one),
                Cell(t.day(one.valid_to or DASH)),
                Cell(one.source),
            )
            for one in answer.history
        ]
        became = [(Cell(one.full_name, f"{ROOT}/units/{one.code}"), Cell(one.code)) for one in answer.became]
        today = [t("admin.unit.name"), t("admin.unit.code")]
        sections = (
            Section(t("admin.unit.about"), _facts(visit, shown, lineage.above, self._belongings(visit, code))),
            Section(t("admin.unit.before"), table=_edges(visit, lineage.before, t("admin.unit.no_before"))),
            Section(
                t("admin.unit.after"),
                table=_edges(visit, lineage.after, t("admin.unit.ended" if shown.valid_to else "admin.unit.no_after")),
            ),
            Section(t("admin.unit.became"), table=Table(today, became, t("admin.unit.ended"))),
            Section(t("admin.unit.history"), table=Table(names, history, t("admin.unit.none"))),
        )
        links = (
            Link(address("/units", under=code, on=visit.query.get("on", "")), t("admin.unit.below")),
            Link(address("/clients", unit=code), t("admin.area.clients")),
        )
        lead = t("admin.unit.lead", code=code)
        return self._frame.detail(visit, self.name, Detail(shown.full_name, lead, sections, links=links))

    def _belongings(self, visit: Visit, code: str) -> list[tuple[str, Cell]]:
        """Return how much belongs to a unit and what is below it, as far as the reader may see it."""
        if not self._frame.holds(visit, Action.CLIENT_READ):
            return []
        count = self._acts.clients.count(visit.who, ClientQuery(unit=code))
        return [(visit.t("admin.unit.clients"), Cell(str(count), address("/clients", unit=code)))]


def _facts(
    visit: Visit, unit: Unit, above: Iterable[Unit], belongings: list[tuple[str, Cell]]
) -> list[tuple[str, Cell]]:
    t = visit.t
    return [
        (t("admin.unit.level"), Cell(t(f"admin.unit.level_{unit.level.value}"))),
        (t("admin.unit.since"), _since(t, unit)),
        (t("admin.unit.until"), Cell(t.day(unit.valid_to or DASH))),
        *((t("admin.unit.above"), Cell(one.full_name, f"{ROOT}/units/{one.code}")) for one in above),
        *belongings,
    ]


def _since(t: Translator, unit: Unit) -> Cell:
    """Return the day from which a unit is, or that nobody wrote it down."""
    return Cell(t("admin.unit.beginning") if unit.valid_from == BEGINNING else t.day(unit.valid_from))


def _edges(visit: Visit, edges: Iterable[tuple[Unit, Edge]], empty: str) -> Table:
    t = visit.t
    rows = [
        (
            Cell(one.full_name, address(f"/units/{one.code}", on=one.valid_from)),
            Cell(one.code),
            Cell(t(f"admin.unit.event_{edge.kind.value}") + (f" ({t('admin.unit.partial')})" if edge.partial else "")),
            Cell(t.day(edge.effective)),
            Cell(edge.legal_basis or DASH),
        )
        for one, edge in edges
    ]
    columns = [t(f"admin.unit.{name}") for name in ("name", "code", "event", "since", "basis")]
    return Table(columns, rows, empty)


def _row(visit: Visit, one: Unit) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(one.full_name, f"{ROOT}/units/{one.code}"),
        Cell(one.code),
        Cell(t(f"admin.unit.level_{one.level.value}")),
        _since(t, one),
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
