"""``idp indicators``: the province's indicator by month, as a table, CSV, JSON or picture."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, say, with_exit_codes
from idp.services.indicators import MonthReport
from idp.web.i18n import LANGUAGES, translator
from idp.web.indicator_chart import Bar, indicator_chart
from idp.wiring.measuring import indicators_of
from policies.indicators import TARGET

_COLUMNS: Final = (
    "scope",
    "code",
    "name",
    "kind",
    "used",
    "authenticated",
    "identified",
    "strong",
    "share",
    "at_least",
)


@click.group("indicators")
def indicators_group() -> None:
    """Numbers that leaders ask for."""


@indicators_group.command("show")
@click.option("--month", required=True, help="Such as 2026-10, by the calendar of Vietnam.")
@click.option("--csv", "shape", flag_value="csv", help="Comma-separated, with a heading.")
@click.option("--json", "shape", flag_value="json", help="One JSON object.")
@click.option("--svg", "shape", flag_value="svg", help="A picture of systems against the target.")
@click.option("--language", type=click.Choice(LANGUAGES), default="vi", show_default=True, help="Of the picture.")
@pass_context
@with_exit_codes
def show(context: Context, /, *, month: str, shape: str | None, language: str) -> None:
    """Show who used systems in a month, and what share of them was identified and authenticated; small numbers are hidden."""
    report = indicators_of(context.wiring).report(month)
    rows = rows_of(report)
    if shape == "svg":
        click.echo(chart_of(report, language))
    elif shape == "json":
        data = {"month": month, "closed": report.is_closed, "target": TARGET, "suppressed_below": report.threshold}
        emit({**data, "figures": rows}, as_json=True)
    elif shape == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
        click.echo(text.getvalue(), nl=False)
    else:
        emit_rows(rows, as_json=False)
    if not report.is_closed:
        say(f"{month} is not closed yet: these are the figures so far")


@indicators_group.command("months")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_context
@with_exit_codes
def months(context: Context, /, *, as_json: bool) -> None:
    """List the months with figures, newest first."""
    emit_rows([{"month": one} for one in indicators_of(context.wiring).months()], as_json=as_json)


@indicators_group.command("update")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@pass_context
@with_exit_codes
def update(context: Context, /, *, as_json: bool) -> None:
    """Count what is new in the audit log now; the worker does it every five minutes."""
    context.wiring.audit_tree.sequence()
    emit({"read": indicators_of(context.wiring).run()}, as_json=as_json)


def rows_of(report: MonthReport) -> list[dict[str, Any]]:
    """Return the figures as rows; None is hidden."""
    found = []
    for figure in report.figures:
        named = {"name": report.names[figure.scope, figure.code]}
        found.append({name: named.get(name, getattr(figure, name, None)) for name in _COLUMNS})
    return found


def chart_of(report: MonthReport, language: str) -> str:
    """Return the picture of all people and businesses, in all and by system."""
    wanted = [one for one in report.figures if one.kind == "all" and one.scope != "unit"]
    whole = translator(language)("indicators.all")
    named = sorted(wanted, key=lambda one: (one.scope != "all", report.names[one.scope, one.code]))
    bars = [Bar(whole if one.scope == "all" else report.names[one.scope, one.code], one) for one in named]
    return indicator_chart(report.month, bars, language)


def _safe(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: names of systems are what somebody registered."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
