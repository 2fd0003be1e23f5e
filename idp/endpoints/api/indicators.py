"""Operations on the Resolution's indicator."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.endpoints.api.operation import PAGED, Call, Operation, Parameter, Reply, page_of
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.indicators import KINDS, SCOPES, FigureQuery, IndicatorAdministration
from idp.services.indicator_table import rows_of
from policies.indicators import TARGET, Figure

READ: Final = ("admin:indicators:read",)
_STRING: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": ["integer", "null"], "description": "null is hidden: too few to be shown."}
_COUNTS: Final = ("used", "authenticated", "identified", "strong", "share", "at_least")
_FIGURES: Final[dict[str, Any]] = dict.fromkeys(_COUNTS, _COUNT)

SHAPES: Final[dict[str, Schema]] = {
    "IndicatorMonth": members(
        ("month", "is_closed", "target", "suppressed_below"),
        month=_STRING,
        is_closed={"type": "boolean"},
        target={"type": "integer", "description": "Per cent."},
        suppressed_below={"type": "integer"},
    ),
    "IndicatorMonths": members(
        ("items",),
        items=items(members(("month", "is_closed"), month=_STRING, is_closed={"type": "boolean"}, **_FIGURES)),
    ),
    "IndicatorFigure": members(
        ("scope", "code", "name", "kind", *_COUNTS),
        scope=choice(*SCOPES),
        code=_STRING,
        name=_STRING,
        kind=choice(*KINDS),
        **_FIGURES,
    ),
}


class IndicatorOperations:
    """The handlers."""

    def __init__(self, indicators: IndicatorAdministration) -> None:
        """Take the use case."""
        self._indicators = indicators

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        filters = (
            Parameter("scope", choice(*SCOPES)),
            Parameter("kind", choice(*KINDS)),
            Parameter("q", text(100)),
            *PAGED,
        )
        month = "/indicators/{month}"
        return (
            Operation(
                *("GET", "/indicators", "listIndicatorMonths", "The latest months, with the province's figures", READ),
                *(self.months, ref("IndicatorMonths")),
            ),
            Operation(
                *("GET", month, "getIndicatorMonth", "A month: whether it is closed, and the target", READ, self.month),
                ref("IndicatorMonth"),
            ),
            Operation(
                *("GET", f"{month}/figures", "listIndicatorFigures", "A month by system and unit", READ),
                *(self.figures, page_of("IndicatorFigure"), 200, filters),
            ),
        )

    def months(self, call: Call) -> Reply:
        """List the months."""
        lines = [
            {"month": one.month, "is_closed": one.is_closed, **(_counts(one.figure) if one.figure is not None else {})}
            for one in self._indicators.months(call.who)
        ]
        return Reply({"items": lines})

    def month(self, call: Call) -> Reply:
        """Show a month."""
        report = self._indicators.report(call.who, call.path["month"])
        about = {"month": report.month, "is_closed": report.is_closed}
        return Reply({**about, "target": TARGET, "suppressed_below": report.threshold})

    def figures(self, call: Call) -> Reply:
        """List a month's lines."""
        get, month = call.query.get, call.path["month"]
        report = self._indicators.report(call.who, month)
        wanted = FigureQuery(get("scope", ""), get("kind", ""), get("q", ""))
        found = self._indicators.search(call.who, month, wanted, call.window)
        document: dict[str, Any] = {"items": rows_of(report, found.rows)}
        return Reply({**document, "next": found.following} if found.following else document)


def _counts(figure: Figure) -> dict[str, Any]:
    return {name: value for name, value in asdict(figure).items() if name in _COUNTS}
