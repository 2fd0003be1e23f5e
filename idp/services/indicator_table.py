"""A month's figures as rows and as CSV, for the command line, the console and the API; None is what may not be shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from idp.services.indicators import MonthReport
from policies.indicators import Figure

COLUMNS: Final = (
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


def rows_of(report: MonthReport, figures: Iterable[Figure] | None = None) -> list[dict[str, Any]]:
    """Return figures of a report (all of them by default) as rows."""
    found = []
    for figure in report.figures if figures is None else figures:
        named = {"name": report.names[figure.scope, figure.code]}
        found.append({name: named.get(name, getattr(figure, name, None)) for name in COLUMNS})
    return found


def csv_of(report: MonthReport) -> str:
    """Return the report as comma-separated values with a heading."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: safe_cell(value) for name, value in row.items()} for row in rows_of(report))
    return text.getvalue()


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: names of systems are what somebody registered."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
