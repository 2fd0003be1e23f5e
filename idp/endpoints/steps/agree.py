"""Agreeing to what a department asks for, or taking notice of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from idp.endpoints.consent import ConsentPage, shown_elsewhere
from idp.endpoints.desk import Form, first
from idp.endpoints.steps.way import StepDesk, Visit, facts_of
from idp.flows.dispatcher import Step
from idp.flows.pending import PendingRequests
from idp.model.authorization import PendingRequest
from idp.model.decoupled import DecoupledRequest
from idp.protocol.errors import AccessDenied
from idp.protocol.wire import WireResponse


class AgreeWay:
    """``consent-form``; ``waiting`` returns the request of another device that a transaction answers."""

    step: Final = Step.CONSENT
    name: Final = "consent"
    marks: Final = ("consent-allow", "consent-deny")

    def __init__(
        self,
        desk: StepDesk,
        pending: PendingRequests,
        page: ConsentPage,
        waiting: Callable[[PendingRequest], DecoupledRequest],
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._pending = pending
        self._page = page
        self._waiting = waiting

    def is_offered(self, _visit: Visit) -> bool:
        """It is the only way."""
        return True

    def show(self, visit: Visit, *, is_rewritten: bool = False) -> WireResponse:
        """Return the page with the actual values; ``is_rewritten`` tells that its text changed while the person read it."""
        pending, language = visit.held.pending, visit.exchange.language
        values = self._page.values(facts_of(visit), visit.decision, language)
        elsewhere = shown_elsewhere(language, self._waiting(pending)) if pending.decoupled else None
        return self._desk.page("consent", visit, elsewhere=elsewhere, is_rewritten=is_rewritten, **values)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Store the answer; raises ``AccessDenied`` for a refusal, which the frame tells the client."""
        facts = facts_of(visit)
        if "consent-deny" in form:
            raise AccessDenied("the person declined", reason="declined")
        read = first(form, "text_version")
        if read and read != facts.client.consent_version:
            # The department wrote another text meanwhile: nobody agrees to what he has not read.
            return self.show(visit, is_rewritten=True)
        self._page.give(facts, form.get("claim", ()), form.get("purpose", ()))
        self._pending.change(visit.held, consented=True)
        return self._desk.go_on(visit)
