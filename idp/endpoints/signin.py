"""``/signin/<transaction>``: one address for every step; the dispatcher says which page is due, and every form comes back here.

A form that does not belong to the step that is due (the back button, a second tab) changes nothing: the browser is shown the step that is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from idp.clock import Clock
from idp.endpoints.desk import Desk, Exchange, Form
from idp.endpoints.steps.way import Visit, Way
from idp.errors import DomainError, NotFound
from idp.flows.dispatcher import Step, decide_own
from idp.flows.pending import Held, PendingRequests
from idp.model.session import Session
from idp.protocol.authorization.decoupled import DecoupledAnswers
from idp.protocol.authorization.endpoint import AuthorizationEndpoint, unmet
from idp.protocol.errors import AccessDenied, ProtocolError, UnmetAuthenticationRequirements
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.sessions import SessionService

_HOME: Final = "/account"
_USUAL: Final = {"staff": "directory"}
"""The way that is shown unasked, by whom a client is for (its ``users``), where it is offered."""


class SignInPages:
    """Shows and takes the steps of a transaction, each by one of its ways."""

    def __init__(
        self,
        desk: Desk,
        ways: tuple[Way, ...],
        endpoint: AuthorizationEndpoint,
        decoupled: DecoupledAnswers,
        pending: PendingRequests,
        sessions: SessionService,
        clock: Clock,
        can_reach: Callable[[Session], str],
        attainable: str = "",
    ) -> None:
        """Take collaborators; the first way of a step is shown unless another is asked for."""
        self._desk = desk
        self._ways = ways
        self._endpoint = endpoint
        self._decoupled = decoupled
        self._pending = pending
        self._sessions = sessions
        self._clock = clock
        self._can_reach = can_reach
        self._attainable = attainable

    def handle(self, wire: WireRequest, transaction: str) -> WireResponse:
        """Show the step that is due, or take its form."""
        try:
            visit = self._visit(wire, transaction)
            if visit.step is Step.ANSWER:
                return self._answer(visit)
            if visit.step in {Step.UNMET, Step.NO_CAPACITY}:
                return self._unmet(visit)
            if not visit.exchange.is_post:
                way, visit = self._asked_way(visit)
                return way.show(visit)
            form = self._desk.form(visit.exchange, transaction)
            offered = self._of(visit)
            takers = [way for way in offered if any(mark in form for mark in way.marks)]
            if not takers:
                return redirect(f"/signin/{transaction}")
            # The form of a way may hold the field of a plainer one too (``otp``): its own mark comes further down in the tuple.
            taker = takers[-1]
            return self._taken(taker, _beside(visit, taker, offered), form)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _visit(self, wire: WireRequest, transaction: str) -> Visit:
        exchange = self._desk.exchange(wire)
        held = self._pending.get(transaction, None if exchange.is_new_browser else exchange.binding)
        request = held.pending.request
        if request is None:
            return self._own_visit(exchange, held)
        exchange = self._desk.exchange(wire, request.ui_locales)
        decision, facts = self._endpoint.look(held.pending, exchange.session_secret)
        return Visit(exchange, held, decision, facts)

    def _own_visit(self, exchange: Exchange, held: Held) -> Visit:
        session = self._sessions.of_cookie(exchange.session_secret)
        now = self._clock.now()
        decision = decide_own(held.pending, session, now, self._can_reach, self._attainable)
        return Visit(exchange, held, decision, None)

    def _of(self, visit: Visit) -> tuple[Way, ...]:
        """Return the ways of the step that are offered; where none is, its first says so on its page."""
        of_step = tuple(way for way in self._ways if way.step is visit.step)
        return tuple(way for way in of_step if way.is_offered(visit)) or of_step[:1]

    def _asked_way(self, visit: Visit) -> tuple[Way, Visit]:
        ways = self._of(visit)
        usual = _USUAL.get(visit.client.users, "") if visit.client is not None else ""
        asked = query_parameters(visit.exchange.wire).get("way", usual)
        way = next((one for one in ways if one.name == asked), ways[0])
        return way, _beside(visit, way, ways)

    def _taken(self, way: Way, visit: Visit, form: Form) -> WireResponse:
        try:
            return way.take(visit, form)
        except (AccessDenied, UnmetAuthenticationRequirements) as error:
            return self._told(visit, error)

    def _answer(self, visit: Visit) -> WireResponse:
        pending = visit.held.pending
        if visit.facts is None:
            self._pending.claim(pending.id)
            return redirect(pending.return_to or _HOME)
        answer = self._ending(visit).complete(visit.facts)
        if answer is None:
            raise NotFound("the transaction was used up by another request", code="expired_transaction")
        return answer

    def _unmet(self, visit: Visit) -> WireResponse:
        error = unmet(visit.step, visit.reason)
        if visit.facts is None:
            raise error
        return self._told(visit, error)

    def _told(self, visit: Visit, error: ProtocolError) -> WireResponse:
        answer = self._ending(visit).fail(visit.held.pending, error, visit.exchange.wire)
        if answer is None:
            raise NotFound("the transaction was used up by another request", code="expired_transaction")
        return answer

    def _ending(self, visit: Visit) -> AuthorizationEndpoint | DecoupledAnswers:
        return self._decoupled if visit.held.pending.decoupled else self._endpoint


def _beside(visit: Visit, way: Way, offered: tuple[Way, ...]) -> Visit:
    return replace(visit, way=way.name, others=tuple(one.name for one in offered if one is not way))
