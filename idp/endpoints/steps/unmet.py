"""A level that this person cannot show here and now: what is missing, what can be done, and the way back to who asked for it.

Two ways share the page: one is all that there is where nothing the person has leads to the level (``Step.EXPLAIN``), the other stands at the
end of a step-up, for whoever has lost or left behind what the step asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from idp.endpoints.desk import Form
from idp.endpoints.steps.way import StepDesk, Visit
from idp.flows.dispatcher import Step
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

    def __init__(self, desk: StepDesk, factors_reach: Callable[[Session], str], audit: AuditLog) -> None:
        """Take collaborators; ``factors_reach`` tells which level the person's own factors reach."""
        self._desk = desk
        self._factors_reach = factors_reach
        self._audit = audit

    def show(self, visit: Visit) -> WireResponse:
        """Return the page."""
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        wanted, own = visit.decision.acr or assurance.LOA_4, self._factors_reach(session)
        has_means = assurance.satisfies(own, wanted)
        page = self._desk.page(
            "unmet",
            visit,
            wanted=assurance.rank(wanted),
            reached=assurance.rank(session.acr),
            has_means=has_means,
            # Two factors can be had on the page of one's own account; what is above them only an upstream asserts.
            may_enrol=not has_means and assurance.satisfies(assurance.LOA_2, wanted),
            is_stuck=self.step is Step.STEP_UP,
        )
        return page if visit.facts is not None else self._refused(visit, session, page)

    def take(self, _visit: Visit, _form: Form) -> NoReturn:
        """Go back to the department; raises ``UnmetAuthenticationRequirements``, which is what it is told and what is recorded."""
        reason = "acr_unreachable" if self.step is Step.EXPLAIN else "step_up_declined"
        raise UnmetAuthenticationRequirements("the requested authentication cannot be reached", reason=reason)

    def _refused(self, visit: Visit, session: Session, page: WireResponse) -> WireResponse:
        """Return the page as the refusal that it is at a door of ours, where nobody else is told, and record it."""
        if self.step is not Step.EXPLAIN:
            return page
        wire = visit.exchange.wire
        self._audit.write(
            AuditEvent(
                Event.REQUEST,
                Outcome.REFUSED,
                visit.reason,
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                session_id=session.id,
                case_code=wire.case_code,
                private={"address": wire.address},
            )
        )
        return WireResponse(_FORBIDDEN, page.headers, page.body)


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
