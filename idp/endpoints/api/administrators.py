"""Operations on administrators and approvals, and who the caller is."""

from __future__ import annotations

from typing import Any, Final

from idp.endpoints.api.operation import (
    MOMENT,
    PAGED,
    REASON,
    WHY,
    WORDS,
    Call,
    Operation,
    Parameter,
    Reply,
    approval_view,
    listed,
    page_of,
    waiting,
)
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.admins import GrantWish
from idp.flows.administration.approvals import MAY_WAIT, ApprovalSearch, ApprovalView
from idp.flows.administration.use_cases import UseCases
from idp.model.approval import Approval
from idp.ports.administration import GrantQuery
from policies.delegation import ROLES, SCOPES, AdminGrant, Role

_STRING: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "integer"}
_MAYBE: Final[Schema] = {"type": ["integer", "null"]}
_FLAG: Final[Schema] = {"type": "boolean"}
_ANY: Final = tuple(SCOPES)
"""An approval takes the scope of the act that it is about."""
_PERMITTED: Final = ("admin:admins:read",), ("admin:admins:write",)

SHAPES: Final[dict[str, Schema]] = {
    "Grant": members(
        ("id", "principal", "role", "unit", "unit_from", "begins", "ends", "granted_by", "granted_at"),
        id=_STRING,
        principal=_STRING,
        role=choice(*Role),
        unit=_STRING,
        unit_from=_STRING,
        begins=_NUMBER,
        ends=_MAYBE,
        granted_by=_STRING,
        approved_by=_STRING,
        granted_at=_NUMBER,
        reason=_STRING,
        revoked_at=_MAYBE,
    ),
    "Approval": members(
        ("id", "act", "target", "requester", "state", "created_at", "expires_at"),
        id=_STRING,
        act=_STRING,
        target=_STRING,
        arguments={"type": "object"},
        requester=_STRING,
        reason=_STRING,
        state=choice("pending", "expired", "approved", "done", "failed", "rejected"),
        created_at=_NUMBER,
        expires_at=_NUMBER,
        decided_by=_STRING,
        decided_at=_MAYBE,
        outcome=_STRING,
        is_own=_FLAG,
        may_decide=_FLAG,
    ),
    "Waiting": members(("approval",), approval=ref("Approval")),
    "Me": members(
        ("principal", "grants", "scopes"),
        principal=_STRING,
        acr=_STRING,
        grants=items(ref("Grant")),
        scopes=items(_STRING),
    ),
    "Roles": members(("items",), items=items(members(("role", "may"), role=_STRING, may=items(_STRING)))),
}


_WAITING: Final = (
    Parameter("state", choice("pending", "decided")),
    Parameter("action", choice(*MAY_WAIT)),
    WORDS,
    *PAGED,
)
_WISH: Final = members(
    ("principal", "role", "unit", "reason"),
    principal=text(600, 1, description="`account:ID` or `client:ID`."),
    role=choice(*Role),
    unit=text(64, 1, description="Code of a unit that is in force today; `*` is the whole deployment."),
    begins=MOMENT,
    ends=MOMENT,
    reason=REASON,
)


class AdministratorOperations:
    """The handlers."""

    def __init__(self, acts: UseCases) -> None:
        """Take the use cases."""
        self._acts = acts

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        return (*self._admins(), *self._approvals())

    def _admins(self) -> tuple[Operation, ...]:
        read, write = _PERMITTED
        filters = (
            Parameter("principal", text(600)),
            Parameter("role", choice(*Role)),
            Parameter("unit", text(64, description="A unit's code of today: that one and what is below it.")),
            Parameter("ended", _FLAG),
            WORDS,
            *PAGED,
        )
        gone = (WHY, Parameter("with_granted", _FLAG))
        return (
            Operation("GET", "/me", "getMe", "Who the caller is, and what was granted", _ANY, self.me, ref("Me")),
            Operation("GET", "/roles", "listRoles", "What each role may", read, self.roles, ref("Roles")),
            Operation(
                "GET",
                "/admins",
                "listGrants",
                "Grants, oldest first",
                read,
                self.search,
                page_of("Grant"),
                query=filters,
            ),
            Operation(
                "POST", "/admins", "grant", "Grant a role", write, self.grant, ref("Grant"), 201, (), _WISH, waits=True
            ),
            Operation("GET", "/admins/{grant_id}", "getGrant", "A grant", read, self.show, ref("Grant")),
            Operation(
                *("DELETE", "/admins/{grant_id}", "revokeGrant", "Take a grant away", write),
                *(self.revoke, None, 204, gone),
                waits=True,
            ),
        )

    def _approvals(self) -> tuple[Operation, ...]:
        one, filters = "/approvals/{approval_id}", _WAITING
        rejection = members(("reason",), reason=REASON)
        return (
            Operation(
                "GET",
                "/approvals",
                "listApprovals",
                "What waits, newest first",
                _ANY,
                self.approvals,
                page_of("Approval"),
                query=filters,
            ),
            Operation("GET", one, "getApproval", "An approval", _ANY, self.approval, ref("Approval")),
            Operation("POST", f"{one}/approve", "approve", "Let it happen", _ANY, self.approve, ref("Approval")),
            Operation(
                "POST", f"{one}/reject", "reject", "Refuse it", _ANY, self.reject, ref("Approval"), body=rejection
            ),
        )

    def me(self, call: Call) -> Reply:
        """Say who calls."""
        who = call.who
        scopes = sorted(name for name in who.scopes or () if name in SCOPES)
        grants = [grant_view(one) for one in who.actor.grants]
        return Reply({"principal": who.principal, "acr": who.acr, "grants": grants, "scopes": scopes})

    def roles(self, _call: Call) -> Reply:
        """List roles."""
        return Reply({"items": [{"role": role.value, "may": sorted(acts)} for role, acts in ROLES.items()]})

    def search(self, call: Call) -> Reply:
        """List grants."""
        get = call.query.get
        query = GrantQuery(get("principal", ""), get("role", ""), ended=get("ended", False))
        text, unit = get("q", ""), get("unit", "")
        return listed(self._acts.admins.search(call.who, query, call.window, text=text, unit=unit), grant_view)

    def show(self, call: Call) -> Reply:
        """Show a grant."""
        return Reply(grant_view(self._acts.admins.show(call.who, call.path["grant_id"])))

    def grant(self, call: Call) -> Reply:
        """Grant."""
        body = call.body
        wish = GrantWish(body["principal"], body["role"], body["unit"], body.get("begins", 0), body.get("ends"))
        done = self._acts.admins.grant(call.who, wish, body["reason"])
        if isinstance(done, Approval):
            return waiting(done)
        return Reply(grant_view(done), 201, (("Location", f"/api/v1/admins/{done.id}"),))

    def revoke(self, call: Call) -> Reply:
        """Revoke."""
        query = call.query
        done = self._acts.admins.revoke(
            call.who, call.path["grant_id"], query["reason"], with_granted=query.get("with_granted", False)
        )
        return waiting(done) if isinstance(done, Approval) else Reply(None, 204)

    def approvals(self, call: Call) -> Reply:
        """List approvals."""
        pending = call.query.get("state", "pending") == "pending"
        wanted = ApprovalSearch(call.query.get("q", ""), call.query.get("action", ""))
        return listed(self._acts.approvals.search(call.who, call.window, wanted, pending=pending), _seen)

    def approval(self, call: Call) -> Reply:
        """Show an approval."""
        return Reply(_seen(self._acts.approvals.show(call.who, call.path["approval_id"]), is_opened=True))

    def approve(self, call: Call) -> Reply:
        """Approve."""
        return Reply(approval_view(self._acts.approvals.approve(call.who, call.path["approval_id"])))

    def reject(self, call: Call) -> Reply:
        """Reject."""
        return Reply(
            approval_view(self._acts.approvals.reject(call.who, call.path["approval_id"], call.body["reason"]))
        )


def grant_view(one: AdminGrant) -> dict[str, Any]:
    """Return a grant as JSON."""
    names = ("id", "principal", "begins", "ends", "granted_by", "approved_by", "granted_at", "reason", "revoked_at")
    shown = {name: getattr(one, name) for name in names}
    return {**shown, "role": one.role.value, "unit": one.unit.code, "unit_from": one.unit.valid_from}


def _seen(one: ApprovalView, *, is_opened: bool = False) -> dict[str, Any]:
    return {**approval_view(one.approval, is_opened=is_opened), "is_own": one.is_own, "may_decide": one.may_decide}
