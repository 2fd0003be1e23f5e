"""Operations on the mandates of an account."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.accounts import READ, WRITE
from idp.endpoints.api.operation import MOMENT, PAGED, REASON, Call, Operation, Reply, listed, page_of, waiting
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.mandates import MandateAdministration, MandateView, MandateWish
from idp.services.mandate_drafts import LONGEST_EVIDENCE
from policies.mandate_kinds import KINDS

_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_FLAG: Final[Schema] = {"type": "boolean"}
_MAYBE: Final[Schema] = {"type": ["integer", "null"]}
_PLAIN: Final = (
    *("id", "kind", "principal_id", "actor_id", "unit_code", "valid_from", "valid_to", "may_delegate", "depth"),
    *("state", "evidence_kind", "granted_by", "created_at", "parent_id", "answered_at", "ended_at"),
)
SHAPES: Final[dict[str, Schema]] = {
    "Mandate": members(
        (*_PLAIN, "procedures"),
        id=_STRING,
        kind=_STRING,
        principal_id=_STRING,
        actor_id=_STRING,
        procedures=items(_STRING),
        unit_code=_STRING,
        valid_from=_NUMBER,
        valid_to=_NUMBER,
        may_delegate=_FLAG,
        depth=_NUMBER,
        state=_STRING,
        evidence_kind=_STRING,
        granted_by=_STRING,
        created_at=_NUMBER,
        parent_id=_STRING,
        answered_at=_MAYBE,
        ended_at=_MAYBE,
        may_end=_FLAG,
    ),
}
_GIVEN: Final = members(
    ("kind", "actor", "evidence_kind", "evidence", "reason"),
    kind=choice(*(name for name, kind in KINDS.items() if "operator" in kind.grantors)),
    actor=text(200, 1, description="A whole identity code, or the id of an account."),
    evidence_kind=text(60, 1),
    evidence=text(LONGEST_EVIDENCE, 1, description="Number and date of the document; kept sealed."),
    procedures=items(text(60, 1)),
    unit=text(20),
    valid_from=MOMENT,
    valid_to=MOMENT,
    may_delegate=_FLAG,
    reason=REASON,
)


class MandateOperations:
    """The handlers."""

    def __init__(self, mandates: MandateAdministration) -> None:
        """Take the use case."""
        self._mandates = mandates

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        all_of, one = "/accounts/{account_id}/mandates", "/accounts/{account_id}/mandates/{mandate_id}"
        return (
            Operation(
                *("GET", all_of, "listMandates", "Whom an account acts for, and who acts for it", READ, self.all),
                *(page_of("Mandate"), 200, PAGED),
            ),
            Operation(
                *("POST", all_of, "giveMandate", "Ask that somebody may act for an account, by two persons", WRITE),
                *(self.give, None, 202, (), _GIVEN),
                waits=True,
            ),
            Operation(
                *("POST", f"{one}/end", "endMandate", "End a mandate and what was passed on from it", WRITE, self.end),
                *(ref("Mandate"), 200, (), members(("reason",), reason=REASON)),
            ),
        )

    def all(self, call: Call) -> Reply:
        """List."""
        return listed(self._mandates.of_account(call.who, call.path["account_id"], call.window), _view)

    def give(self, call: Call) -> Reply:
        """Ask for a mandate."""
        body = dict(call.body)
        reason, procedures = body.pop("reason"), tuple(body.pop("procedures", ()))
        wish = MandateWish(**body, procedures=procedures)
        return waiting(self._mandates.give(call.who, call.path["account_id"], wish, reason))

    def end(self, call: Call) -> Reply:
        """End."""
        path = call.path
        done = self._mandates.end(call.who, path["account_id"], path["mandate_id"], call.body["reason"])
        return Reply(_view(MandateView(done, may_end=False)))


def _view(one: MandateView) -> dict[str, Any]:
    """Return a mandate as JSON, without what it rests on, which is sealed."""
    mandate = one.mandate
    shown = {name: getattr(mandate, name) for name in _PLAIN}
    return {**shown, "procedures": list(mandate.procedures), "may_end": one.may_end}
