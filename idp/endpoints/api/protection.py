"""Operations for the data-protection officer: figures, the record of processing, what is known of a breach."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.endpoints.api.operation import MOMENT, PAGED, REASON, WORDS, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.endpoints.breach_files import drafts_of, report_of
from idp.flows.administration.breaches import BreachAdministration, BreachQuestion
from idp.flows.administration.protection import Processing, ProtectionAdministration
from policies import claims
from policies.breach import Scope

READ: Final = ("admin:consents:read",)
_CLIENTS: Final = ("admin:clients:read",)
_LOG: Final = ("admin:audit:read",)
_STRING: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_REQUESTS: Final = ("open", "overdue", "kept", "missed", "cancelled")
_SYSTEMS: Final = ("given", "told", "withdrawn", "declined", "corrected")
_PURPOSE: Final[Schema] = {
    "type": "object",
    "properties": {
        "id": _STRING,
        "text": {"type": "object"},
        "legal_basis": _STRING,
        "claims": items(_STRING),
        "optional_claims": items(_STRING),
    },
}
_SYSTEM: Final[Schema] = {
    "type": "object",
    "properties": {"client_id": _STRING, **dict.fromkeys(_SYSTEMS, _COUNT)},
}
_REQUEST: Final[Schema] = {
    "type": "object",
    "properties": {"kind": _STRING, "client_id": _STRING, **dict.fromkeys(_REQUESTS, _COUNT)},
}

SHAPES: Final[dict[str, Schema]] = {
    "ProtectionReport": members(
        ("since", "until", "systems", "requests"),
        since=MOMENT,
        until=MOMENT,
        systems=items(_SYSTEM),
        requests=items(_REQUEST),
        looks={"type": ["object", "null"], "description": "Looks of staff by act; null where they are out of reach."},
    ),
    "Processing": members(
        ("client_id", "name", "unit", "unit_name", "state", "purposes", "categories", "claims", "measures"),
        client_id=_STRING,
        name=_STRING,
        unit=_STRING,
        unit_name=_STRING,
        state=_STRING,
        purposes=items(_PURPOSE),
        categories=items(_STRING),
        claims=items(_STRING),
        recipients=items(_STRING),
        refresh_days=_COUNT,
        history_years=_COUNT,
        measures=items(_STRING),
        contacts=items(_STRING),
    ),
    "BreachReport": {
        "type": "object",
        "description": "Figures, systems and drafts of the notification; nobody is named.",
    },
}
_QUESTION: Final = members(
    ("scope", "ids", "since", "until", "discovered_at", "reason"),
    scope=choice(*Scope),
    ids={"type": "array", "items": text(512, 1), "minItems": 1, "maxItems": 100},
    since=MOMENT,
    until=MOMENT,
    discovered_at=MOMENT,
    reason=REASON,
)


class ProtectionOperations:
    """The handlers."""

    def __init__(self, protection: ProtectionAdministration, breaches: BreachAdministration) -> None:
        """Take the use cases."""
        self._protection = protection
        self._breaches = breaches

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        period = (Parameter("since", MOMENT, is_required=True), Parameter("until", MOMENT, is_required=True), WORDS)
        return (
            Operation(
                *("GET", "/data-protection/report", "getProtectionReport", "Figures of a period", READ, self.report),
                *(ref("ProtectionReport"), 200, period),
            ),
            Operation(
                *("GET", "/data-protection/processing", "listProcessing", "Record of processing activities", _CLIENTS),
                *(self.processing, page_of("Processing"), 200, (WORDS, *PAGED)),
            ),
            Operation(
                *("POST", "/breach-reports", "collectBreach", "What the log knows of a breach, and drafts", _LOG),
                *(self.breach, ref("BreachReport"), 200, (), _QUESTION),
            ),
        )

    def report(self, call: Call) -> Reply:
        """Return the figures."""
        found = self._protection.report(call.who, call.query["since"], call.query["until"], call.query.get("q", ""))
        looks = dict(found.looks) if found.looks is not None else None
        rows = {"systems": [asdict(one) for one in found.systems], "requests": [asdict(one) for one in found.requests]}
        return Reply({"since": found.since, "until": found.until, **rows, "looks": looks})

    def processing(self, call: Call) -> Reply:
        """List."""
        return listed(self._protection.processing(call.who, call.window, call.query.get("q", "")), processing_view)

    def breach(self, call: Call) -> Reply:
        """Collect."""
        body = call.body
        asked = BreachQuestion(
            *(body["scope"], tuple(body["ids"]), body["since"], body["until"], body["discovered_at"], body["reason"])
        )
        now, name = self._breaches.now(), self._breaches.name
        with self._breaches.collected(call.who, asked) as found:
            report = report_of(found, asked, now, name)
            return Reply({**report, "notification": drafts_of(found, asked, now, name)})


def processing_view(one: Processing) -> dict[str, Any]:
    """Return a row of the record as JSON."""
    purposes = [
        {
            "id": each.id,
            "text": dict(each.text),
            "legal_basis": each.legal_basis,
            "claims": list(claims.unpack(each.required)),
            "optional_claims": list(claims.unpack(each.optional)),
        }
        for each in one.purposes
    ]
    names = ("client_id", "name", "unit", "unit_name", "state", "refresh_days", "history_years")
    lists = ("categories", "claims", "recipients", "measures", "contacts")
    return {
        **{name: getattr(one, name) for name in names},
        **{name: list(getattr(one, name)) for name in lists},
        "purposes": purposes,
    }
