"""Operations on the proof of the audit log: how it stands, bundles and records as JSON lines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from idp.endpoints.api.operation import JSON_LINES, MOMENT, WHY, Call, Operation, Parameter, Reply
from idp.endpoints.api.schema import Schema, items, members, nullable, number, ref, text
from idp.flows.administration.audit import AuditSearch
from idp.flows.administration.audit_proofs import AuditProofs

READ: Final = ("admin:audit:read",)
_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_RECORD: Final = number(1, 2**53, description="Number of a record, from 1.")

SHAPES: Final[dict[str, Schema]] = {
    "AuditLog": members(
        ("origin", "size", "head", "keys", "witnesses"),
        origin=_STRING,
        size=_NUMBER,
        head=nullable(members(("size", "root", "time"), size=_NUMBER, root=_STRING, time=_NUMBER)),
        keys=items(_STRING),
        witnesses=items(members(("name", "url", "size"), name=_STRING, url=_STRING, size=_NUMBER)),
    ),
}


class AuditProofOperations:
    """The handlers."""

    def __init__(self, proofs: AuditProofs) -> None:
        """Take the use case."""
        self._proofs = proofs

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        span = (Parameter("first", _RECORD), Parameter("last", _RECORD), Parameter("personal", {"type": "boolean"}))
        names = ("account_id", "client_id", "event", "outcome", "case_code", "actor", "target")
        search = (
            *(Parameter(name, text(512)) for name in names),
            Parameter("since", MOMENT),
            Parameter("until", MOMENT),
        )
        return (
            Operation(
                *("GET", "/audit-log", "getAuditLog", "Its tree, its newest signed head, its witnesses", READ),
                *(self.state, ref("AuditLog")),
            ),
            Operation(
                *("GET", "/audit-log/bundle", "getAuditBundle", "What an outsider verifies without us", READ),
                *(self.bundle, None, 200, (*span, WHY)),
                media=JSON_LINES,
            ),
            Operation(
                *("GET", "/audit-log/records", "getAuditRecords", "The records of a search as a file", READ),
                *(self.records, None, 200, (*search, WHY)),
                media=JSON_LINES,
            ),
        )

    def state(self, call: Call) -> Reply:
        """Show how the log stands."""
        found = self._proofs.state(call.who)
        head = found.head
        shown = {"size": head.size, "root": head.root.hex(), "time": head.time} if head is not None else None
        witnesses = [asdict(one) for one in found.witnesses]
        about = {"origin": found.origin, "size": found.size, "keys": list(found.keys)}
        return Reply({**about, "head": shown, "witnesses": witnesses})

    def bundle(self, call: Call) -> Reply:
        """Give a bundle; persons are left out unless they are asked for."""
        get = call.query.get
        personal = get("personal", False)
        lines = self._proofs.bundle(
            call.who, get("reason", ""), first=get("first"), last=get("last"), personal=personal
        )
        return Reply(lines=lines)

    def records(self, call: Call) -> Reply:
        """Give records."""
        wanted = {name: value for name, value in call.query.items() if name != "reason"}
        return Reply(lines=self._proofs.records(call.who, AuditSearch(**wanted), call.query["reason"]))
