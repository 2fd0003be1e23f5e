"""``idp indicators``: the province's indicator by month, as a table, CSV, JSON or picture."""

from __future__ import annotations

import click

from idp.cli.context import Context, pass_context
from idp.cli.output import emit, emit_rows, say, with_exit_codes
from idp.services.indicator_table import csv_of, rows_of
from idp.web.i18n import LANGUAGES
from idp.web.indicator_chart import chart_of
from idp.wiring.measuring import indicators_of
from policies.indicators import TARGET


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
        click.echo(csv_of(report), nl=False)
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
