"""Going on as the person who is signed in, or as another (``prompt=select_account``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from idp.endpoints.desk import Form
from idp.endpoints.steps.way import StepDesk, Visit
from idp.flows.dispatcher import Step
from idp.flows.pending import PendingRequests
from idp.protocol.wire import WireResponse
from idp.services.sessions import SessionService

PersonView = Callable[[str], Mapping[str, str]]
"""Takes an account id and returns ``name`` and masked ``code`` for pages."""


class ChooseAccountWay:
    """The page with both answers."""

    step: Final = Step.CHOOSE_ACCOUNT
    name: Final = "choose_account"
    marks: Final = ("account-continue", "account-other")

    def __init__(self, desk: StepDesk, pending: PendingRequests, sessions: SessionService, person: PersonView) -> None:
        """Take collaborators."""
        self._desk = desk
        self._pending = pending
        self._sessions = sessions
        self._person = person

    def is_offered(self, _visit: Visit) -> bool:
        """It is the only way."""
        return True

    def show(self, visit: Visit) -> WireResponse:
        """Return the page."""
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        return self._desk.page("choose", visit, person=self._person(session.account_id))

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Remember the choice, or end the session so that another person can sign in."""
        if "account-continue" in form:
            self._pending.change(visit.held, account_chosen=True)
            return self._desk.go_on(visit)
        session = self._desk.session(visit)
        if session is not None:
            self._sessions.end(session, "other_account", f"account:{session.account_id}")
        goodbye, onward = self._desk.goodbye, f"/signin/{visit.held.pending.id}"
        return goodbye.onward(visit.exchange, session, onward, goodbye.dropped())
