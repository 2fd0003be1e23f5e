"""The indicator as a picture: an SVG of bars with the target's line, made on the server. It says in words what it shows; a table stands beside it.

Colours are attributes on a white ground, so neither the content policy nor a dark scheme changes them; each keeps 4.5:1 against what it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from idp.services.indicators import MonthReport
from idp.web.i18n import translator
from policies.indicators import TARGET, Figure

_WIDTH: Final = 720
_LEFT, _BAR, _ROW, _TOP = 16, 560, 54, 76
_GOOD, _SHORT, _INK, _GROUND, _TRACK = "#1f6f43", "#8f1d21", "#1b1d21", "#ffffff", "#e4e1da"
_MAX_NAME: Final = 70


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the picture."""

    name: str
    figure: Figure


def chart_of(report: MonthReport, language: str, figures: Iterable[Figure] | None = None) -> str:
    """Return the picture of all people and businesses, in all and by system; or that of ``figures`` of the report, in their order."""
    whole = translator(language)("indicators.all")
    wanted = list(figures or ())
    if figures is None:
        both = [one for one in report.figures if one.kind == "all" and one.scope != "unit"]
        wanted = sorted(both, key=lambda one: (one.scope != "all", report.names[one.scope, one.code]))
    bars = [Bar(whole if one.scope == "all" else report.names[one.scope, one.code], one) for one in wanted]
    return indicator_chart(report.month, bars, language)


def indicator_chart(month: str, bars: Sequence[Bar], language: str) -> str:
    """Return the picture as one ``<svg>`` element with its own title and description."""
    say = translator(language)
    title = say("indicators.title", month="/".join(reversed(month.split("-"))))
    heading = say("indicators.heading", month="/".join(reversed(month.split("-"))))
    shown = "; ".join(f"{bar.name}: {share_text(bar.figure, language)}" for bar in bars)
    height = _TOP + _ROW * len(bars) + 16
    lines = "".join(_bar(number, bar, language) for number, bar in enumerate(bars))
    target = _LEFT + _BAR * TARGET // 100
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="100%" role="img" '
        f'aria-labelledby="indicator-title indicator-text" font-family="system-ui, sans-serif" fill="{_INK}">'
        f'<title id="indicator-title">{escape(title)}</title><desc id="indicator-text">{escape(shown)}</desc>'
        f'<rect width="{_WIDTH}" height="{height}" fill="{_GROUND}"/>'
        f'<text x="{_LEFT}" y="30" font-size="18" font-weight="600">{escape(heading)}</text>{lines}'
        f'<line x1="{target}" y1="62" x2="{target}" y2="{height - 10}" stroke="{_INK}" stroke-width="2" stroke-dasharray="6 4"/>'
        f'<text x="{target}" y="56" font-size="14" text-anchor="middle">{escape(say("indicators.target", share=TARGET))}</text>'
        "</svg>"
    )


def share_text(figure: Figure, language: str) -> str:
    """Return a share in words: itself, a bound, or that it is hidden."""
    say = translator(language)
    if figure.share is not None:
        return f"{figure.share} %"
    if figure.at_least is not None:
        return say("indicators.at_least", share=figure.at_least)
    return say("indicators.hidden") if figure.used is None or figure.used else "0"


def _bar(number: int, bar: Bar, language: str) -> str:
    top = _TOP + _ROW * number
    share = bar.figure.share if bar.figure.share is not None else bar.figure.at_least
    name = bar.name if len(bar.name) <= _MAX_NAME else f"{bar.name[: _MAX_NAME - 1]}…"
    colour = _GOOD if bar.figure.reaches_target else _SHORT
    drawn = (
        ""
        if share is None
        else f'<rect x="{_LEFT}" y="{top + 20}" width="{_BAR * share // 100}" height="16" fill="{colour}"/>'
    )
    # What is hidden is said within its empty bar: the words are too long for the column of shares.
    place = (_LEFT + 10, top + 33, 13, 400) if share is None else (_LEFT + _BAR + 12, top + 34, 15, 600)
    return (
        f'<text x="{_LEFT}" y="{top + 12}" font-size="15">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="{top + 20}" width="{_BAR}" height="16" fill="{_TRACK}"/>{drawn}'
        f'<text x="{place[0]}" y="{place[1]}" font-size="{place[2]}" font-weight="{place[3]}">'
        f"{escape(share_text(bar.figure, language))}</text>"
    )
