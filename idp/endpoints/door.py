"""The door to our own pages: who may come in, how surely and how freshly signed in; everybody else is sent to sign in first."""

from __future__ import annotations

from idp.clock import Clock
from idp.endpoints.desk import Desk, Exchange
from idp.flows.pending import PendingRequests
from idp.model.session import Session
from idp.protocol.wire import WireResponse, redirect
from idp.services.sessions import SessionService
from policies import assurance


class Door:
    """Admits a session, or answers with the way to a better one."""

    def __init__(self, desk: Desk, sessions: SessionService, pending: PendingRequests, clock: Clock) -> None:
        """Take collaborators."""
        self._desk = desk
        self._sessions = sessions
        self._pending = pending
        self._clock = clock

    def admit(
        self, exchange: Exchange, return_to: str, *, minimum_acr: str = "", max_age: int | None = None
    ) -> Session | WireResponse:
        """Return the browser's session if it is as sure and as fresh as demanded, else the redirect that makes it so.

        ``return_to`` is the local path to come back to; ``minimum_acr`` a level of ``policies.assurance``; ``max_age`` the seconds since
        the person signed in, as a client would ask (OpenID Connect Core section 3.1.2.1).
        """
        session = self._sessions.of_cookie(exchange.session_secret)
        demand = assurance.Demand(minimum_acr=minimum_acr or None, max_age=max_age)
        if session is not None:
            present = assurance.Present(session.acr, session.auth_time, assurance.LOA_4)
            if assurance.needed(demand, present, self._clock.now()).missing is assurance.Missing.NOTHING:
                return session
        pending = self._pending.create(None, exchange.binding, return_to, minimum_acr=minimum_acr, max_age=max_age)
        return redirect(f"/signin/{pending.id}", self._desk.headers(exchange))
