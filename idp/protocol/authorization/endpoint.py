"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

With a live session, a remembered consent and nothing else to ask, the answer is made here: one SQL read, no write. Everything else becomes a
pending transaction, and the browser is sent to the page of the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from clients.model import Client
from clients.registry import ClientRegistry
from idp import handles
from idp.clock import Clock
from idp.flows.capacities import Capacities
from idp.flows.dispatcher import Decision, Facts, Step, administers, decide
from idp.flows.pending import PendingRequests
from idp.flows.pushed import PushedRequests
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.frozen import frozen
from idp.model.grant import CodePayload
from idp.model.session import Session
from idp.ports.sessions import Snapshot
from idp.protocol.authorization import parsing
from idp.protocol.authorization.client_finder import ClientFinder
from idp.protocol.authorization.issuing import Issuing
from idp.protocol.authorization.parsing import Target
from idp.protocol.authorization.responses import Reply, Responder
from idp.protocol.authorization.sources import RequestSources, Source
from idp.protocol.authorization.usual import UsualRequests
from idp.protocol.errors import (
    AccessDenied,
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    InvalidRequest,
    InvalidRequestUri,
    LoginRequired,
    ProtocolError,
    UnmetAuthenticationRequirements,
)
from idp.protocol.parameters import form_parameters, query_parameters
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService, without_stand_ins
from idp.services.subjects import sector_of

_SILENT: Final[dict[Step, type[ProtocolError]]] = {
    Step.SIGN_IN: LoginRequired,
    Step.SET_PASSWORD: InteractionRequired,
    Step.CHOOSE_ACCOUNT: AccountSelectionRequired,
    Step.STEP_UP: InteractionRequired,
    Step.CAPACITY: InteractionRequired,
    Step.CONSENT: ConsentRequired,
    Step.ENROL: InteractionRequired,
    Step.EXPLAIN: UnmetAuthenticationRequirements,
}
"""What ``prompt=none`` answers instead of showing a step (OpenID Connect Core section 3.1.2.6)."""


def unmet(step: Step, reason: str) -> ProtocolError:
    """Return what a request is told that nothing the person does can fulfil: steps ``UNMET`` and ``NO_CAPACITY``."""
    if step is Step.NO_CAPACITY:
        return AccessDenied("the person holds nothing that the client takes", reason=reason)
    if reason == "other_subject":
        # Who signed in is not whom the hint or the ``sub`` claim names (OpenID Connect Core sections 3.1.2.1 and 5.5.1).
        return LoginRequired("somebody else signed in than the request names", reason=reason)
    return UnmetAuthenticationRequirements("the requested authentication cannot be reached", reason=reason)


@frozen
class Browser:
    """The two cookies of the asking browser: the session's secret and the browser-binding value; either may be absent."""

    session: str | None
    binding: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An error that must be shown to the person and never redirected."""

    error: ProtocolError


@dataclass(frozen=True, slots=True)
class Interaction:
    """The browser goes to a page of ours; ``binding`` is the cookie value to set, "" when the browser has one already."""

    pending: PendingRequest
    binding: str


AuthorizationOutcome = WireResponse | Shown | Interaction


class AuthorizationEndpoint:
    """Parses, decides and answers; ``complete`` is where a transaction's pages come back to."""

    def __init__(
        self,
        *,
        registry: ClientRegistry,
        sessions: SessionService,
        pending: PendingRequests,
        pushed: PushedRequests,
        sources: RequestSources,
        issuing: Issuing,
        audit: AuditLog,
        clock: Clock,
        responder: Responder,
        readers: parsing.Readers,
        can_reach: Callable[[Session], str],
        clients: ClientFinder,
        capacities: Capacities,
        attainable: str = "",
        enrol_within: int = 0,
    ) -> None:
        """Take collaborators; ``can_reach`` tells which ``acr`` a session can come to, ``attainable`` what linking an upstream could.

        ``enrol_within`` is as ``Facts`` has it.
        """
        self._enrol_within = enrol_within
        self._capacities = capacities
        self._attainable = attainable
        self._clients = clients
        self._registry = registry
        self._sessions = sessions
        self._pending = pending
        self._pushed = pushed
        self._sources = sources
        self._issuing = issuing
        self._audit = audit
        self._clock = clock
        self._responder = responder
        self._readers = readers
        self._usual = UsualRequests(readers)
        self._can_reach = can_reach

    def handle(self, wire: WireRequest, browser: Browser) -> AuthorizationOutcome:
        """Return the answer, an error to show, or the page that the person has to see first."""
        try:
            sent = form_parameters(wire) if wire.method == "POST" else query_parameters(wire)
            source = self._sources.resolve(sent)
            target = self._clients.target(source.parameters)
        except ProtocolError as error:
            self._refused(error, wire)
            return Shown(error)
        try:
            request = self._parsed(target, source)
            snapshot = self._snapshot(target.client, browser.session)
            target = self._still_active(target)
            self._sources.check_mark(target.client, source)
            facts = self._facts(request, target.client, snapshot, None)
            return self._act(facts, browser)
        except ProtocolError as error:
            self._refused(error, wire, target.client.client_id)
            # An error is an answer too: the pushed request behind it is spent.
            self._pushed.use_up(source.pushed)
            return self._told(parsing.reply(target, source.parameters), error)

    def check(self, target: Target, parameters: parsing.Parameters) -> AuthorizationRequest:
        """Return the valid request; raises a ``ProtocolError`` that may be redirected to the target."""
        return self._usual.parse(target, parameters)

    def _parsed(self, target: Target, source: Source) -> AuthorizationRequest:
        self._sources.check(target.client, source)
        request = self.check(target, source.parameters)
        return replace(request, pushed=source.pushed) if source.pushed else request

    def look(self, pending: PendingRequest, session_secret: str | None) -> tuple[Decision, Facts]:
        """Return what comes next in a transaction, with the facts behind it; raises ``InvalidRequest`` if its client has gone."""
        if pending.request is None:
            message = "only an authorization request has a next step here"
            raise InvalidRequest(message, reason="no_request")
        client = self._registry.sought(pending.request.client_id)
        if client is None or client.state != "active":
            raise InvalidRequest("the client is no longer active", reason="unknown_client")
        snapshot = self._snapshot(client, session_secret)
        facts = self._facts(pending.request, client, snapshot, pending)
        return decide(facts), facts

    def complete(self, facts: Facts) -> WireResponse | None:
        """Use the transaction up and answer with a code; None when it, or the pushed request behind it, was used up before."""
        if facts.pending is not None and not self._used_up(facts.pending):
            return None
        return self._answer(facts)

    def fail(self, pending: PendingRequest, error: ProtocolError, wire: WireRequest) -> WireResponse | None:
        """Use the transaction up and tell the client; None when it was used up before."""
        request = pending.request
        client = self._registry.sought(request.client_id) if request is not None else None
        if request is None or client is None or not self._used_up(pending):
            return None
        if error.reason != pending.explained:
            self._refused(error, wire, request.client_id)
        return self._told(Reply(client, request.redirect_uri, request.response_mode, request.state), error)

    def _used_up(self, pending: PendingRequest) -> bool:
        pushed = pending.request.pushed if pending.request is not None else ""
        return self._pending.claim(pending.id) and self._pushed.use_up(pushed)

    def _act(self, facts: Facts, browser: Browser) -> AuthorizationOutcome:
        request, decision = facts.request, decide(facts)
        if decision.step is Step.ANSWER:
            if not self._pushed.use_up(request.pushed):
                raise InvalidRequestUri("request_uri was used by another request", reason="pushed_twice")
            return self._answer(facts)
        if decision.step in {Step.UNMET, Step.NO_CAPACITY}:
            raise unmet(decision.step, decision.reason)
        if "none" in request.prompt:
            raise _SILENT[decision.step]("the person would have to be asked first", reason=decision.reason)
        binding = browser.binding or handles.new_secret()
        # What was settled on the way in holds for this transaction, whatever another tab chooses meanwhile.
        settled = facts.capacity.settled if facts.capacity is not None else ""
        pending = self._pending.create(request, binding, capacity=settled)
        return Interaction(pending, "" if browser.binding else binding)

    def _answer(self, facts: Facts) -> WireResponse:
        request = facts.request
        parameters = self._issuing.parameters(facts)
        reply = Reply(facts.client, request.redirect_uri, request.response_mode, request.state)
        return self._responder.respond(reply, parameters)

    def payload(self, facts: Facts, snapshot: Snapshot) -> CodePayload:
        """Return what a code for this person and this request carries."""
        return self._issuing.payload(facts, snapshot)

    def _snapshot(self, client: Client, session_secret: str | None) -> Snapshot | None:
        snapshot = self._sessions.snapshot(session_secret, client.client_id, sector_of(client))
        if snapshot is None:
            self._registry.refresh_if_older_than(1)
        else:
            self._registry.observe(snapshot.clients_version)
            if not self._capacities.admits(snapshot.session, client):
                return None
        return snapshot

    def _still_active(self, target: Target) -> Target:
        """Look the client up again after the version that rode along: a suspension counts at once, not a cache lifetime later."""
        client = self._registry.find(target.client.client_id)
        if client is None or client.state != "active":
            raise InvalidRequest("the client was suspended", reason="unknown_client")
        return Target(client, target.redirect_uri)

    def _facts(
        self, request: AuthorizationRequest, client: Client, snapshot: Snapshot | None, pending: PendingRequest | None
    ) -> Facts:
        now = self._clock.now()
        is_elsewhere = pending is not None and bool(pending.decoupled)
        if snapshot is not None and (is_elsewhere or administers(request) or self._takes_no_stand_in(request, client)):
            # What stood in for a second factor in this browser is no proof for another device, none for administration, and
            # none for a department that takes none.
            snapshot = replace(snapshot, session=without_stand_ins(snapshot.session))
        if snapshot is None:
            return Facts(request, client, None, now, self._can_reach, pending, enrol_within=self._enrol_within)
        capacity = self._capacities.of(request, client, snapshot, pending)
        counted = self._capacities.agreed(snapshot, client, capacity)
        beside = (capacity, self._attainable, self._enrol_within)
        return Facts(request, client, counted, now, self._can_reach, pending, *beside)

    def _takes_no_stand_in(self, request: AuthorizationRequest, client: Client) -> bool:
        """Tell whether the department takes no trusted browsers, or one whose resource the tokens would be for."""
        if not request.resources:
            return not client.accept_trusted_devices
        servers = (self._readers.resources.server(name) for name in request.resources)
        return any(not one.accept_trusted_devices for one in (client, *servers) if one is not None)

    def _told(self, reply: Reply, error: ProtocolError) -> WireResponse:
        return self._responder.respond(reply, {"error": error.error, "error_description": error.description})

    def _refused(self, error: ProtocolError, wire: WireRequest, client_id: str | None = None) -> None:
        self._audit.write(
            AuditEvent(
                Event.AUTHORIZE,
                Outcome.REFUSED,
                error.reason,
                actor="anonymous",
                client_id=client_id,
                case_code=wire.case_code,
                detail={"error": error.error},
                private={"address": wire.address},
            )
        )
