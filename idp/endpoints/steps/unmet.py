"""A level that this person cannot show here and now: what is missing, what can be done, and the way back to who asked for it.

Two ways share the page: one is all that there is where nothing the person has leads to the level (``Step.EXPLAIN``), the other stands at the
end of a step-up, for whoever has lost or left behind what the step asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from idp.endpoints.desk import Form
from idp.endpoints.steps.way import StepDesk, Visit
from idp.errors import Conflict
from idp.flows.dispatcher import Step
from idp.flows.pending import PendingRequests
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Session
from idp.protocol.errors import UnmetAuthenticationRequirements
from idp.protocol.wire import WireResponse
from idp.services.audit import AuditLog
from policies import assurance

_FORBIDDEN: Final = 403


class _Explaining:
    """The page, and the button that goes back to the department."""

    step: Step
    name: str
    marks: Final = ("unmet-leave",)

    def __init__(
        self, desk: StepDesk, factors_reach: Callable[[Session], str], pending: PendingRequests, audit: AuditLog
    ) -> None:
        """Take collaborators; ``factors_reach`` tells which level the person's own factors reach."""
        self._desk = desk
        self._factors_reach = factors_reach
        self._pending = pending
        self._audit = audit

    def show(self, visit: Visit) -> WireResponse:
        """Return the page."""
        session = self._session(visit)
        if session is None:
            return self._desk.go_on(visit)
        wanted = visit.decision.acr or assurance.LOA_4
        # What the person himself has is not told to a clerk, and is not the clerk's to use.
        own = session.acr if session.is_assisted else self._factors_reach(session)
        has_means = assurance.satisfies(own, wanted)
        page = self._desk.page(
            "unmet",
            visit,
            wanted=assurance.rank(wanted),
            reached=assurance.rank(session.acr),
            has_means=has_means,
            # Two factors can be had on the page of one's own account; what is above them only an upstream asserts.
            may_enrol=not has_means and not session.is_assisted and assurance.satisfies(assurance.LOA_2, wanted),
            is_stuck=self.step is Step.STEP_UP,
            is_assisted=session.is_assisted,
        )
        if self.step is not Step.EXPLAIN:
            return page
        self._record(visit, session)
        # At a door of ours the page is the refusal: nobody else is told.
        return page if visit.facts is not None else WireResponse(_FORBIDDEN, page.headers, page.body)

    def take(self, _visit: Visit, _form: Form) -> NoReturn:
        """Go back to the department; raises ``UnmetAuthenticationRequirements``, which is what it is told."""
        reason = "acr_unreachable" if self.step is Step.EXPLAIN else "step_up_declined"
        raise UnmetAuthenticationRequirements("the requested authentication cannot be reached", reason=reason)

    def _session(self, visit: Visit) -> Session | None:
        """Return whose sign-in it is, a clerk's assistance too: that one counts nowhere but at the department's system."""
        if visit.facts is None:
            return self._desk.session(visit)
        return visit.facts.snapshot.session if visit.facts.snapshot is not None else None

    def _record(self, visit: Visit, session: Session) -> None:
        """Record the refusal once a transaction, when it is read: whoever closes the page instead of going back was refused as well."""
        pending, wire = visit.held.pending, visit.exchange.wire
        if pending.explained == visit.reason:
            return
        try:
            self._pending.change(visit.held, explained=visit.reason)
        except Conflict:
            # Another tab of this browser reads the same page at this moment, and records it.
            return
        self._audit.write(
            AuditEvent(
                Event.REQUEST if visit.facts is None else Event.AUTHORIZE,
                Outcome.REFUSED,
                visit.reason,
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                client_id=visit.client.client_id if visit.client is not None else None,
                session_id=session.id,
                case_code=wire.case_code,
                detail={"error": UnmetAuthenticationRequirements.error} if visit.facts is not None else {},
                private={"address": wire.address},
            )
        )


class UnmetWay(_Explaining):
    """``unmet-form`` where nothing that the person has leads to the level."""

    step = Step.EXPLAIN
    name = "unmet"

    def is_offered(self, _visit: Visit) -> bool:
        """It is the only way."""
        return True


class StuckWay(_Explaining):
    """``unmet-form`` beside the ways of a step-up."""

    step = Step.STEP_UP
    name = "stuck"

    def is_offered(self, _visit: Visit) -> bool:
        """Everybody may be without what the step asks for."""
        return True
