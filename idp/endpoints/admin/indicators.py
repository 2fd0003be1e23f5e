"""The Resolution's indicator: a picture of a month, the figures beside it, and CSV."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.lists import ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.views import DASH, Cell, Field, Link, Table
from idp.endpoints.routes import Route
from idp.flows.administration.indicators import KINDS, SCOPES, FigureQuery, MonthLine
from idp.flows.administration.paging import Page, Window
from idp.protocol.wire import WireResponse
from idp.services.indicator_table import COLUMNS, rows_of
from idp.services.indicators import MonthReport
from idp.web.i18n import Translator
from idp.web.indicator_chart import chart_of, share_text
from policies.delegation import Action
from policies.indicators import Figure

_FILTERS: Final = ("month", "scope", "kind", "q")
_BARS: Final = 15
_PICTURE_POLICY: Final = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")


class IndicatorsArea(ListPart):
    """``/admin/indicators``."""

    name: Final = "indicators"
    act: Final = Action.INDICATOR_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            frame.get("/indicators", self.all),
            self.filed("/indicators", Sheet("indicators", COLUMNS, list), self._lines, _FILTERS),
            frame.get("/indicators/picture", self.picture),
        )

    def all(self, visit: Visit) -> WireResponse:
        """Show a month, the newest by default."""
        t, months = visit.t, self._acts.indicators.months(visit.who)
        month = visit.query.get("month", "") or (months[0].month if months else "")
        links = (Link(address("/indicators.csv", **{**visit.asked(*_FILTERS), "month": month}), t("admin.export")),)
        if not month:
            return self._frame.page(
                *("indicators", visit), area=self.name, months=None, links=links, lead=t("admin.indicator.lead")
            )
        asked = {"kind": "all", **visit.asked(*_FILTERS), "month": month}
        report = self._acts.indicators.report(visit.who, month)
        found = self._found(visit, asked, visit.window)
        more = address("/indicators", **asked, cursor=found.following) if found.following else ""
        shown = self._found(visit, asked, Window(limit=_BARS)).rows
        return self._frame.page(
            "indicators",
            visit,
            area=self.name,
            month=_named(month),
            lead=t("admin.indicator.lead"),
            state="" if report.is_closed else t("admin.indicator.open"),
            threshold=t("admin.indicator.threshold", count=report.threshold),
            filters=_filters(t, asked, months),
            links=links,
            picture=address("/indicators/picture", **asked, lang=t.language) if shown else "",
            alt=t("admin.indicator.picture", month=_named(month), count=len(shown)),
            table=_table(t, report, found, more),
            months=_months(t, months),
        )

    def _lines(self, visit: Visit, window: Window) -> Page[list[object]]:
        """Return a month's lines as the file has them: those that the filters of the address leave, of every kind where none is named."""
        month = visit.query.get("month", "") or next((one.month for one in self._acts.indicators.months(visit.who)), "")
        if not month:
            return Page(())
        found = self._found(visit, {**visit.asked(*_FILTERS), "month": month}, window)
        report = self._acts.indicators.report(visit.who, month)
        rows = rows_of(report, found.rows)
        return Page([[row[name] for name in COLUMNS] for row in rows], found.following)

    def picture(self, visit: Visit) -> WireResponse:
        """Return the picture of the first lines that the filters leave."""
        asked = visit.asked(*_FILTERS)
        report = self._acts.indicators.report(visit.who, asked.get("month", ""))
        rows = self._found(visit, asked, Window(limit=_BARS)).rows
        headers = (
            ("Content-Type", "image/svg+xml"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            _PICTURE_POLICY,
        )
        return WireResponse(200, headers, chart_of(report, visit.t.language, rows).encode())

    def _found(self, visit: Visit, asked: dict[str, str], window: Window) -> Page[Figure]:
        wanted = FigureQuery(asked.get("scope", ""), asked.get("kind", ""), asked.get("q", ""))
        return self._acts.indicators.search(visit.who, asked.get("month", ""), wanted, window)


def _filters(t: Translator, asked: dict[str, str], months: list[MonthLine]) -> tuple[Field, ...]:
    offered = tuple((one.month, _named(one.month)) for one in months)
    scopes = (("", t("admin.any")), *((one, t(f"admin.indicator.scope_{one}")) for one in SCOPES))
    kinds = tuple((one, t(f"admin.indicator.kind_{one}")) for one in KINDS)
    return (
        Field("month", t("admin.indicator.month"), asked["month"], "select", offered),
        Field("scope", t("admin.indicator.scope"), asked.get("scope", ""), "select", scopes),
        Field("kind", t("admin.indicator.kind"), asked["kind"], "select", kinds),
        Field("q", t("admin.indicator.text"), asked.get("q", "")),
    )


def _table(t: Translator, report: MonthReport, found: Page[Figure], more: str) -> Table:
    names = ("name", "scope", "share", "used", "authenticated", "identified", "strong")
    rows = [
        (
            _name(t, report, one),
            Cell(t(f"admin.indicator.scope_{one.scope}")),
            Cell(share_text(one, t.language), tone={True: "good", False: "bad"}.get(one.reaches_target, "quiet-text")),  # type: ignore[arg-type]
            *(
                Cell(DASH if count is None else str(count))
                for count in (one.used, one.authenticated, one.identified, one.strong)
            ),
        )
        for one in found.rows
    ]
    return Table([t(f"admin.indicator.{name}") for name in names], rows, t("admin.indicator.none"), more)


def _name(t: Translator, report: MonthReport, one: Figure) -> Cell:
    if one.scope == "all":
        return Cell(t("indicators.all"))
    name = report.names[one.scope, one.code] or one.code
    path = f"clients/{client_path(one.code)}" if one.scope == "system" else f"units/{one.code}"
    return Cell(name or DASH, f"{ROOT}/{path}" if one.code else "")


def _months(t: Translator, months: list[MonthLine]) -> Table:
    """Return the months, each of which leads to its figures."""
    columns = [t("admin.indicator.month"), t("admin.indicator.state"), t("admin.indicator.share")]
    rows = [
        (
            Cell(_named(one.month), address("/indicators", month=one.month)),
            Cell(t("admin.indicator.closed" if one.is_closed else "admin.indicator.so_far")),
            Cell(share_text(one.figure, t.language) if one.figure is not None else DASH),
        )
        for one in months
    ]
    return Table(columns, rows, t("admin.indicator.none"))


def _named(month: str) -> str:
    return "/".join(reversed(month.split("-")))
