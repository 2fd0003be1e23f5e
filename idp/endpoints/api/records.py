"""Operations on the register of units and the audit log."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.operation import MOMENT, PAGED, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, items, members, nullable, ref, text
from idp.flows.administration.audit import AuditSearch
from idp.flows.administration.use_cases import UseCases
from policies.units import Unit

_STRING: Final[Schema] = {"type": "string"}

SHAPES: Final[dict[str, Schema]] = {
    "Unit": members(
        ("code", "valid_from", "valid_to", "level", "full_name"),
        code=_STRING,
        valid_from=_STRING,
        valid_to=nullable(_STRING),
        level=_STRING,
        type=_STRING,
        name=_STRING,
        full_name=_STRING,
        parent_code=nullable(_STRING),
    ),
    "UnitAnswer": members(
        ("on", "unit", "became", "history"),
        on=_STRING,
        unit={"oneOf": [ref("Unit"), {"type": "null"}]},
        became=items(ref("Unit")),
        history=items(ref("Unit")),
    ),
    "AuditRecord": members(("id", "event", "outcome", "actor", "target"), closed=False, id=_STRING, event=_STRING),
}


class RecordOperations:
    """The handlers."""

    def __init__(self, acts: UseCases) -> None:
        """Take the use cases."""
        self._acts = acts

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._of_units(), *self._of_log())

    def _of_units(self) -> tuple[Operation, ...]:
        of_units = ("admin:units:read",)
        day = Parameter("on", text(10, description="A date as YYYY-MM-DD; today by default."))
        units = (Parameter("under", text(64)), Parameter("q", text(100)), day, *PAGED)
        return (
            Operation(
                "GET",
                "/units",
                "listUnits",
                "Units of a date by code",
                of_units,
                self.units,
                page_of("Unit"),
                query=units,
            ),
            Operation(
                "GET",
                "/units/{code}",
                "getUnit",
                "What is known of a code",
                of_units,
                self.unit,
                ref("UnitAnswer"),
                query=(day,),
            ),
        )

    def _of_log(self) -> tuple[Operation, ...]:
        names = ("account_id", "client_id", "event", "outcome", "case_code", "actor", "target")
        log = (
            *(Parameter(name, text(512)) for name in names),
            Parameter("since", MOMENT),
            Parameter("until", MOMENT),
            *PAGED,
        )
        of_log = ("admin:audit:read",)
        return (
            Operation(
                "GET",
                "/audit",
                "searchAudit",
                "The log, newest first",
                of_log,
                self.audit,
                page_of("AuditRecord"),
                query=log,
            ),
        )

    def units(self, call: Call) -> Reply:
        """List units."""
        get = call.query.get
        found = self._acts.units.search(call.who, call.window, under=get("under"), text=get("q", ""), on=get("on", ""))
        return listed(found, unit_view)

    def unit(self, call: Call) -> Reply:
        """Show a unit."""
        found = self._acts.units.show(call.who, call.path["code"], call.query.get("on", ""))
        document = {
            "on": found.on,
            "unit": unit_view(found.unit) if found.unit is not None else None,
            "became": [unit_view(one) for one in found.became],
            "history": [unit_view(one) for one in found.history],
        }
        return Reply(document)

    def audit(self, call: Call) -> Reply:
        """Search the log."""
        wanted = {name: value for name, value in call.query.items() if name not in {"cursor", "limit"}}
        return listed(self._acts.audit.search(call.who, AuditSearch(**wanted), call.window), dict)


def unit_view(one: Unit) -> dict[str, Any]:
    """Return a unit as JSON."""
    names = ("code", "valid_from", "valid_to", "type", "name", "full_name", "parent_code")
    return {**{name: getattr(one, name) for name in names}, "level": one.level.value}
