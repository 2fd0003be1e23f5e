"""What waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients.documents import to_metadata
from clients.errors import RegistrationRefused
from idp.endpoints.admin.account_mandates import waiting
from idp.endpoints.admin.approval_arguments import told
from idp.endpoints.admin.client_answers import answers
from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.purpose_corrections import asked
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, principal, state, written
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.desk import Form
from idp.endpoints.routes import Route
from idp.flows.administration.approvals import MAY_WAIT, ApprovalSearch, ApprovalView
from idp.flows.administration.client_changes import UPDATE
from idp.flows.administration.mandates import GIVE
from idp.flows.administration.purpose_corrections import CORRECT
from idp.flows.administration.reorganisations import REORGANISE
from idp.model.approval import Approval
from idp.protocol.wire import WireResponse
from idp.services.approvals import PENDING
from idp.web.i18n import Translator
from idp.web.vocabulary import vocabulary

_FILTERS: Final = ("q", "action", "decided")
_SHOWN_APART: Final = "document"
"""The document of a reorganisation has a page of its own that says what it would do, that of a system is compared with what is registered."""


class Approvals(ListPart):
    """``/admin/approvals``."""

    name: Final = "approvals"
    act: Final = None

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/approvals/<approval_id>"
        return (
            *self.listed(self.listing()),
            frame.get(one, self.show),
            frame.post(f"{one}/approve", self.approve, "/approvals"),
            frame.post(f"{one}/reject", self.reject, "/approvals"),
        )

    def listing(self) -> Listing[ApprovalView]:
        """Return the list of what waits, or was decided."""
        heads = ("id", "act", "target", "requester", "reason", "created_at", "state", "decided_by", "decided_at")
        return Listing(
            self.name,
            "/approvals",
            lambda visit, window: self._acts.approvals.search(
                visit.who, window, _wanted(visit), pending=not visit.query.get("decided")
            ),
            [f"admin.approval.{name}" for name in ("act", "target", "requester", "asked", "state")],
            _row,
            "admin.approval.none",
            Sheet("approvals", heads, _values),
            _FILTERS,
            _fields,
            lead="admin.approval.lead",
        )

    def show(self, visit: Visit, approval_id: str) -> WireResponse:
        """Show one, with what would happen."""
        t, view = visit.t, self._acts.approvals.show(visit.who, approval_id)
        one = view.approval
        facts = [
            (t("admin.approval.act"), Cell(t.either(f"admin.action.{one.action}", "admin.action.other"))),
            (t("admin.approval.target"), principal(one.target)),
            (t("admin.approval.requester"), principal(one.requester)),
            (t("admin.reason"), Cell(one.reason)),
            (t("admin.approval.asked"), moment(t, one.created_at)),
            (t("admin.approval.until"), moment(t, one.expires_at)),
            (t("admin.approval.state"), state(t, one.state)),
        ]
        links: tuple[Link, ...] = ()
        if one.act == REORGANISE:
            links = (Link(f"{ROOT}/approvals/{one.id}/reorganisation", t("admin.reorganisation.what_would")),)
        if one.outcome:
            facts.append((t("admin.approval.outcome"), _outcome(t, one.outcome)))
        sections = (
            Section(t("admin.approval.what"), facts),
            _asked(visit, one),
            *self._changes(visit, one),
        )
        return self._frame.detail(visit, self.name, Detail(facts[0][1].text, "", sections, _forms(visit, view), links))

    def _changes(self, visit: Visit, one: Approval) -> tuple[Section, ...]:
        """Return what a change of a system changes and what people will read, while it waits: the second person agrees to that and nothing else."""
        if one.act != UPDATE or one.state != PENDING:
            return ()
        overtaken = (Section(visit.t("admin.client.changes"), lines=(visit.t("admin.approval.overtaken"),)),)
        client_id, document = one.arguments["client_id"], one.arguments[_SHOWN_APART]
        try:
            found = self._acts.client_changes.proposed(visit.who, client_id, document)
        except RegistrationRefused:
            return overtaken
        if found is None or found[0].version != one.arguments["version"]:
            return overtaken
        now, then = found
        return answers(visit.t, to_metadata(then), to_metadata(now))

    def approve(self, visit: Visit, _form: Form, approval_id: str) -> WireResponse:
        """Let it happen."""
        self._acts.approvals.approve(visit.who, approval_id)
        return self._frame.done(f"/approvals/{approval_id}", "approved")

    def reject(self, visit: Visit, form: Form, approval_id: str) -> WireResponse:
        """Refuse it, or take one's own back."""
        self._acts.approvals.reject(visit.who, approval_id, reason(form))
        return self._frame.done(f"/approvals/{approval_id}", "rejected")


def _outcome(t: Translator, why: str) -> Cell:
    """Return why an approved act could not be done: in the words of this page, else in those of the log."""
    usual = f"{t('admin.approval.outcome_other')}: {label}" if (label := vocabulary(t.language).reason(why)) else ""
    said = t.either(f"admin.approval.outcome_{why}", "admin.approval.outcome_other")
    is_known = said != t("admin.approval.outcome_other")
    return Cell(said if is_known else usual or said, tone="bad", code=why)


def _asked(visit: Visit, one: Approval) -> Section:
    if one.act == GIVE:
        return waiting(visit, one.arguments)
    if one.act == CORRECT:
        return asked(visit.t, one.arguments)
    arguments = {name: value for name, value in one.arguments.items() if name != _SHOWN_APART}
    return Section(visit.t("admin.approval.arguments"), told(visit, arguments))


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


def _wanted(visit: Visit) -> ApprovalSearch:
    asked = visit.asked(*_FILTERS)
    return ApprovalSearch(asked.get("q", ""), asked.get("action", ""))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    actions = (("", t("admin.any")), *((one, t(f"admin.action.{one}")) for one in MAY_WAIT))
    which = (("", t("admin.approval.waiting")), ("1", t("admin.approval.decided")))
    return (
        words_field(visit, asked, "admin.approval.words"),
        Field("action", t("admin.approval.act"), asked.get("action", ""), "select", actions),
        Field("decided", t("admin.approval.which"), asked.get("decided", ""), "select", which),
    )


def _values(view: ApprovalView) -> tuple[object, ...]:
    one = view.approval
    begun = (one.id, one.act, one.target, one.requester, one.reason, written(one.created_at))
    return (*begun, one.state, one.decided_by, written(one.decided_at))
