"""Choosing as whom to act: for oneself, or by one of the mandates that the person holds and the department takes."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.mandate_views import MandateViews
from idp.endpoints.steps.choose_account import PersonView
from idp.endpoints.steps.way import StepDesk, Visit, facts_of
from idp.flows.dispatcher import Step
from idp.flows.pending import PendingRequests
from idp.model.audit import AuditEvent, Event, Outcome
from idp.protocol.wire import WireResponse
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from policies.mandate_kinds import PERSON

_LONGEST: Final = 64


class ChooseCapacityWay:
    """``capacity-form``."""

    step: Final = Step.CAPACITY
    name: Final = "capacity"
    marks: Final = ("capacity-submit",)

    def __init__(
        self,
        desk: StepDesk,
        pending: PendingRequests,
        sessions: SessionService,
        person: PersonView,
        views: MandateViews,
        audit: AuditLog,
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._pending = pending
        self._sessions = sessions
        self._person = person
        self._views = views
        self._audit = audit

    def is_offered(self, _visit: Visit) -> bool:
        """It is the only way."""
        return True

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page; nothing is chosen beforehand, since acting for another is a legal act."""
        facts = facts_of(visit)
        session = self._desk.session(visit)
        if session is None or facts.capacity is None:
            return self._desk.go_on(visit)
        t = translator(visit.exchange.language)
        offered = [one.id for one in facts.capacity.decision.offered]
        rows = [self._views.option(t, one) for one in facts.capacity.held if one.mandate.id in offered]
        person = self._person(session.account_id) if PERSON in offered else None
        return self._desk.page(
            "capacity", visit, person=person, mandates=rows, problem=problem, has_ended=visit.reason == "capacity_ended"
        )

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Remember the choice in this transaction and in the session; only what is offered can be chosen."""
        facts, chosen = facts_of(visit), first(form, "capacity")[:_LONGEST]
        session = self._desk.session(visit)
        if session is None or facts.capacity is None:
            return self._desk.go_on(visit)
        t = translator(visit.exchange.language)
        if not chosen:
            return self.show(visit, t("capacity.missing"))
        if chosen not in {one.id for one in facts.capacity.decision.offered}:
            # Another person's mandate, or one that ended while the page was open.
            refused = AuditEvent(
                Event.CAPACITY_CHOOSE,
                Outcome.REFUSED,
                "not_offered",
                actor=f"account:{session.account_id}",
                account_id=session.account_id,
                client_id=facts.client.client_id,
                session_id=session.id,
                case_code=visit.exchange.wire.case_code,
            )
            self._audit.write(refused)
            return self.show(visit, t("capacity.not_offered"))
        self._sessions.choose(session, chosen, visit.exchange.wire.case_code)
        self._pending.change(visit.held, capacity=chosen)
        return self._desk.go_on(visit)
