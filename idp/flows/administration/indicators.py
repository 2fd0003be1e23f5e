"""The Resolution's indicator, for whoever administers: the province's lines from the top, else those of the systems and units within reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from clients.registry import ClientRegistry
from idp.clock import Clock, local_day
from idp.errors import InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.flows.administration.words import has_words, words_of
from idp.services.indicators import Indicators, MonthReport
from policies.delegation import DEPLOYMENT, Action, Target
from policies.indicators import Figure

KINDS: Final = ("all", "person", "organisation")
SCOPES: Final = ("all", "unit", "system")
_FRESH: Final = 300
"""Seconds for which an open month's figures are kept in process: the worker counts no more often."""
_TREND: Final = 12


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """A search in a month: by scope, by kind of account (``all`` for the sum), and by name or code without diacritics."""

    scope: str = ""
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class MonthLine:
    """The province's line of a month."""

    month: str
    is_closed: bool
    figure: Figure | None


class IndicatorAdministration:
    """Reads the figures; they name systems and units, and nobody."""

    def __init__(self, gate: Gate, indicators: Indicators, registry: ClientRegistry, clock: Clock) -> None:
        """Take collaborators."""
        self._gate = gate
        self._indicators = indicators
        self._registry = registry
        self._clock = clock
        self._kept: dict[str, tuple[int, MonthReport]] = {}

    def months(self, who: Administrator) -> list[MonthLine]:
        """Return the latest months with figures, newest first; the province's line is for whoever holds the act everywhere."""
        is_everywhere = self._gate.anywhere(who, Action.INDICATOR_READ, "indicators").everywhere
        found = []
        for month in self._indicators.months()[:_TREND]:
            report = self._whole(month)
            line = next((one for one in report.figures if (one.scope, one.kind) == ("all", "all")), None)
            found.append(MonthLine(month, report.is_closed, line if is_everywhere else None))
        return found

    def latest_closed(self, who: Administrator) -> MonthLine | None:
        """Return the province's line of the newest month that is closed; None where there is none, or it is not the caller's to see."""
        if not self._gate.anywhere(who, Action.INDICATOR_READ, "indicators").everywhere:
            return None
        for month in self._indicators.closed_months()[:1]:
            found = self._whole(month).figures
            line = next((one for one in found if (one.scope, one.kind) == ("all", "all")), None)
            return MonthLine(month, is_closed=True, figure=line)
        return None

    def report(self, who: Administrator, month: str) -> MonthReport:
        """Return the lines of a month within reach; raises ``NotFound`` for a month without figures, and for what is none."""
        reach = self._gate.anywhere(who, Action.INDICATOR_READ, f"indicators:{month}")
        report = self._whole(month)
        if reach.everywhere:
            return report
        seen = tuple(one for one in report.figures if reach.covers(self._about(one, month)))
        return replace(report, figures=seen)

    def search(self, who: Administrator, month: str, wanted: FigureQuery, window: Window) -> Page[Figure]:
        """Return lines of a month: the province, units by code, systems by id."""
        if wanted.scope and wanted.scope not in SCOPES:
            raise InvalidInput(f"must be one of {', '.join(SCOPES)}", field="scope")
        if wanted.kind and wanted.kind not in KINDS:
            raise InvalidInput(f"must be one of {', '.join(KINDS)}", field="kind")
        report, words = self.report(who, month), words_of(wanted.text)
        rows = [one for one in report.figures if _is_wanted(one, wanted, words, report)]
        rows = sorted((one for one in rows if _key(one) > window.after), key=_key)[: window.limit + 1]
        return page(rows, [_key(one) for one in rows], window.limit)

    def _whole(self, month: str) -> MonthReport:
        kept, now = self._kept.get(month), self._clock.now()
        if kept is not None and (kept[1].is_closed or now - kept[0] < _FRESH):
            return kept[1]
        try:
            report = self._indicators.report(month)
        except InvalidInput as error:
            raise NotFound("no such month: write it as 2026-10", field="month") from error
        self._kept[month] = (now, report)
        return report

    def _about(self, figure: Figure, month: str) -> Target:
        """Return what a line is about: a system by the unit that owns it today, a unit as its code read when the month ended."""
        ground = self._gate.ground()
        if figure.scope == "system":
            client = self._registry.find(figure.code)
            return targets.of_client(client, ground) if client is not None else DEPLOYMENT
        if figure.scope == "unit":
            return targets.of_code(figure.code, min(_last_day(month), local_day(self._clock.now())), ground)
        return DEPLOYMENT


def _is_wanted(figure: Figure, wanted: FigureQuery, words: tuple[str, ...], report: MonthReport) -> bool:
    if wanted.scope not in {"", figure.scope} or wanted.kind not in {"", figure.kind}:
        return False
    return has_words(words, figure.code, report.names[figure.scope, figure.code])


def _key(figure: Figure) -> str:
    return f"{SCOPES.index(figure.scope)} {figure.code} {KINDS.index(figure.kind)}"


def _last_day(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).isoformat()
