"""Operations on reorganisations of units: shown, asked for, taken back, and what they leave to decide."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.operation import (
    CURSOR,
    LIMIT,
    PAGED,
    REASON,
    WORDS,
    Call,
    Operation,
    Parameter,
    Reply,
    listed,
    page_of,
    waiting,
)
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.paging import USUAL, Window, window
from idp.flows.administration.reorganisations import moves_of, summed
from idp.flows.administration.unit_decisions import END, MOVE, Question, Verdict
from idp.flows.administration.units import ReorganisationSearch
from idp.flows.administration.use_cases import UseCases
from idp.ports.reorganisations import Reorganisation, ReorganisationState
from idp.services.reorganisations import Plan
from policies.units import Fate, Move

READ: Final = ("admin:units:read",)
WRITE: Final = ("admin:units:write",)
_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}
_FATE: Final[Schema] = {"type": "string", "enum": [one.value for one in Fate]}
_NAME: Final = text(200, 1, description="Its file's name; the ending says how it is read: .json or .csv.")
_DOCUMENT: Final = text(64 * 1024, 1, description="The document of docs/units.md, lines ended by a line feed alone.")

_DECIDING: Final = (
    *("admin:units:read", "admin:clients:read", "admin:clients:write", "admin:admins:read", "admin:admins:write"),
)
_VERDICT: Final = members(
    ("kind", "holder", "unit", "verdict", "reason"),
    kind=choice("client", "role"),
    holder=text(600, 1, description="As the list has it."),
    unit=text(100, 1, description="As the list has it: `code@day`."),
    verdict=choice(MOVE, END, description="`end` is for roles alone."),
    target=text(64, description="Code of a unit of today, for `move`."),
    reason=REASON,
)

SHAPES: Final[dict[str, Schema]] = {
    "Reorganisation": members(
        ("id", "state", "effective", "complete", "source", "created_at", "settled_at", "may_undo"),
        id=_STRING,
        state=_STRING,
        effective=_STRING,
        complete=_STRING,
        source=_STRING,
        created_at=_NUMBER,
        settled_at={"type": ["integer", "null"]},
        may_undo=_FLAG,
    ),
    "UnitMove": members(
        ("kind", "holder", "count", "fate", "unit", "name", "successors"),
        kind=_STRING,
        holder=_STRING,
        count=_NUMBER,
        fate=_FATE,
        unit=_STRING,
        name=_STRING,
        successors=items(_STRING),
    ),
    "ReorganisationPreview": members(
        ("effective", "complete", "rows", "edges", "notices", "sums", "items"),
        effective=_STRING,
        complete=_STRING,
        rows=_NUMBER,
        edges=_NUMBER,
        notices=items(_STRING),
        sums=items(members(("kind", "fate", "count"), kind=_STRING, fate=_FATE, count=_NUMBER)),
        items=items(ref("UnitMove")),
        next=_STRING,
    ),
}


class ReorganisationOperations:
    """The handlers."""

    def __init__(self, acts: UseCases) -> None:
        """Take the use cases."""
        self._acts = acts

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._reading(), *self._changing())

    def _reading(self) -> tuple[Operation, ...]:
        one, waits = "/reorganisations/{entry_id}", "/approvals/{approval_id}/reorganisation"
        only = Parameter("only_decisions", _FLAG)
        return (
            Operation(
                *("GET", "/reorganisations", "listReorganisations", "Reorganisations, newest first", READ, self.all),
                *(page_of("Reorganisation"), 200, (WORDS, Parameter("state", choice(*ReorganisationState)), *PAGED)),
            ),
            Operation("GET", one, "getReorganisation", "A reorganisation", READ, self.show, ref("Reorganisation")),
            Operation(
                *("GET", waits, "getWaitingReorganisation", "What would happen if it is approved", WRITE),
                *(self.waiting, ref("ReorganisationPreview"), 200, (only, *PAGED)),
            ),
            Operation(
                *("GET", "/unit-decisions", "listUnitDecisions", "What hangs on no unit, or on several, today", READ),
                *(self.decisions, page_of("UnitMove"), 200, (WORDS, Parameter("kind", text(40)), *PAGED)),
            ),
            Operation(
                *("POST", "/unit-decisions", "decideUnit", "Decide one of them: a system's unit, a role", _DECIDING),
                *(self.decide, None, 204, (), _VERDICT),
                waits=True,
            ),
        )

    def _changing(self) -> tuple[Operation, ...]:
        paged = {"cursor": CURSOR.schema, "limit": LIMIT.schema, "only_decisions": _FLAG}
        shown = members(("name", "document"), name=_NAME, document=_DOCUMENT, **paged)  # type: ignore[arg-type]
        asked = members(("name", "document", "reason"), name=_NAME, document=_DOCUMENT, reason=REASON)
        reason = members(("reason",), reason=REASON)
        return (
            Operation(
                *("POST", "/reorganisation-previews", "previewReorganisation", "What a document would do", WRITE),
                *(self.preview, ref("ReorganisationPreview"), 200, (), shown),
            ),
            Operation(
                *("POST", "/reorganisations", "reorganise", "Ask for a reorganisation, done by two", WRITE, self.ask),
                *(None, 202, (), asked),
                waits=True,
            ),
            Operation(
                *("POST", "/reorganisations/{entry_id}/undo", "undoReorganisation", "Take one back, by two", WRITE),
                *(self.undo, None, 202, (), reason),
                waits=True,
            ),
        )

    def all(self, call: Call) -> Reply:
        """List."""
        wanted = ReorganisationSearch(call.query.get("q", ""), call.query.get("state", ""))
        return listed(self._acts.units.reorganisations(call.who, wanted, call.window), self._entry)

    def show(self, call: Call) -> Reply:
        """Show."""
        return Reply(self._entry(self._acts.reorganisations.show(call.who, call.path["entry_id"])))

    def waiting(self, call: Call) -> Reply:
        """Show what waits."""
        plan = self._acts.reorganisations.waiting(call.who, self._acts.approvals, call.path["approval_id"])
        return _preview(plan, call.window, only_decisions=call.query.get("only_decisions", False))

    def decisions(self, call: Call) -> Reply:
        """List what is to be decided."""
        text, kind = call.query.get("q", ""), call.query.get("kind", "")
        return listed(self._acts.units.undecided(call.who, call.window, text=text, kind=kind), _move)

    def decide(self, call: Call) -> Reply:
        """Decide."""
        body = call.body
        question = Question(body["kind"], body["holder"], body["unit"])
        verdict = Verdict(body["verdict"], body.get("target", ""), body["reason"])
        done = self._acts.unit_decisions.decide(call.who, question, verdict)
        return waiting(done) if done is not None else Reply(None, 204)

    def preview(self, call: Call) -> Reply:
        """Show what a document would do."""
        plan = self._acts.reorganisations.preview(call.who, call.body["name"], call.body["document"])
        wanted = window(call.body.get("cursor", ""), call.body.get("limit", USUAL))
        return _preview(plan, wanted, only_decisions=call.body.get("only_decisions", False))

    def ask(self, call: Call) -> Reply:
        """Ask for one."""
        body = call.body
        return waiting(self._acts.reorganisations.ask(call.who, body["name"], body["document"], body["reason"]))

    def undo(self, call: Call) -> Reply:
        """Ask that one be taken back."""
        return waiting(self._acts.reorganisations.undo(call.who, call.path["entry_id"], call.body["reason"]))

    def _entry(self, one: Reorganisation) -> dict[str, Any]:
        names = ("id", "effective", "complete", "source", "created_at", "settled_at")
        found = {name: getattr(one, name) for name in names}
        return {**found, "state": one.state.value, "may_undo": self._acts.reorganisations.may_undo(one)}


def _preview(plan: Plan, wanted: Window, *, only_decisions: bool) -> Reply:
    found = moves_of(plan, wanted, only_decisions=only_decisions)
    document: dict[str, Any] = {
        "effective": plan.effective,
        "complete": plan.complete,
        "rows": plan.register.rows,
        "edges": plan.register.edges,
        "notices": [str(one) for one in plan.register.notices],
        "sums": [{"kind": kind, "fate": fate, "count": count} for (kind, fate), count in summed(plan).items()],
        "items": [_move(one) for one in found.rows],
    }
    return Reply({**document, "next": found.following} if found.following else document)


def _move(move: Move) -> dict[str, Any]:
    return {
        "kind": move.holding.kind,
        "holder": move.holding.holder,
        "count": move.holding.count,
        "fate": move.fate.value,
        "unit": "@".join(move.unit.key),
        "name": move.unit.full_name,
        "successors": ["@".join(one.key) for one in move.targets],
    }
