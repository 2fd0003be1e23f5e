"""What waits for a second person."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import ROOT, Part, Visit, address
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.tables import moment, principal, state
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form
from idp.endpoints.routes import Route
from idp.flows.administration.approvals import ApprovalView
from idp.protocol.wire import WireResponse


class Approvals(Part):
    """``/admin/approvals``."""

    name: Final = "approvals"
    act: Final = None

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/approvals/<approval_id>"
        return (
            frame.get("/approvals", self.all),
            frame.get(one, self.show),
            frame.post(f"{one}/approve", self.approve, "/approvals"),
            frame.post(f"{one}/reject", self.reject, "/approvals"),
        )

    def all(self, visit: Visit) -> WireResponse:
        """List what waits, or what was decided."""
        t, decided = visit.t, visit.query.get("decided", "")
        found = self._acts.approvals.search(visit.who, visit.window, pending=not decided)
        more = address("/approvals", decided=decided, cursor=found.following) if found.following else ""
        columns = [t(f"admin.approval.{name}") for name in ("act", "target", "requester", "asked", "state")]
        table = Table(columns, [_row(visit, one) for one in found.rows], t("admin.approval.none"), more)
        other = (
            Link(f"{ROOT}/approvals", t("admin.approval.waiting"))
            if decided
            else Link(f"{ROOT}/approvals?decided=1", t("admin.approval.decided"))
        )
        return self._frame.list(visit, self.name, table, links=(other,), lead=t("admin.approval.lead"))

    def show(self, visit: Visit, approval_id: str) -> WireResponse:
        """Show one, with what would happen."""
        t, view = visit.t, self._acts.approvals.show(visit.who, approval_id)
        one = view.approval
        facts = (
            (t("admin.approval.act"), Cell(t.either(f"admin.action.{one.action}", "admin.action.other"))),
            (t("admin.approval.target"), Cell(one.target)),
            (t("admin.approval.requester"), principal(one.requester)),
            (t("admin.reason"), Cell(one.reason)),
            (t("admin.approval.asked"), moment(t, one.created_at)),
            (t("admin.approval.until"), moment(t, one.expires_at)),
            (t("admin.approval.state"), state(t, one.state)),
        )
        arguments = [f"{name}: {value}" for name, value in one.arguments.items()]
        sections = (Section(t("admin.approval.what"), facts), Section(t("admin.approval.arguments"), lines=arguments))
        return self._frame.detail(visit, self.name, Detail(facts[0][1].text, "", sections, _forms(visit, view)))

    def approve(self, visit: Visit, _form: Form, approval_id: str) -> WireResponse:
        """Let it happen."""
        self._acts.approvals.approve(visit.who, approval_id)
        return self._frame.done(f"/approvals/{approval_id}", "approved")

    def reject(self, visit: Visit, form: Form, approval_id: str) -> WireResponse:
        """Refuse it, or take one's own back."""
        self._acts.approvals.reject(visit.who, approval_id, reason(form))
        return self._frame.done(f"/approvals/{approval_id}", "rejected")


def _row(visit: Visit, view: ApprovalView) -> tuple[Cell, ...]:
    t, one = visit.t, view.approval
    return (
        Cell(t.either(f"admin.action.{one.action}", "admin.action.other"), f"{ROOT}/approvals/{one.id}"),
        Cell(one.target),
        principal(one.requester),
        moment(t, one.created_at),
        state(t, one.state),
    )


def _forms(visit: Visit, view: ApprovalView) -> list[ActForm]:
    t, base, found = visit.t, f"{ROOT}/approvals/{view.approval.id}", []
    if view.may_decide:
        title = t("admin.approval.approve")
        found.append(ActForm("approve", f"{base}/approve", title, title, (), t("admin.approval.approve_lead")))
    if view.approval.state == "pending" and (view.may_decide or view.is_own):
        title = t("admin.approval.take_back" if view.is_own else "admin.approval.reject")
        found.append(
            ActForm("reject", f"{base}/reject", title, title, (Field("reason", t("admin.reason"), is_required=True),))
        )
    return found
