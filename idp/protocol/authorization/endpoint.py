"""The authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).

With a live session, a remembered consent and nothing else to ask, the answer is made here: one SQL read, no write. Everything else becomes a
pending transaction, and the browser is sent to the page of the next step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from clients.model import Client
from clients.registry import ClientRegistry
from idp import handles
from idp.clock import Clock
from idp.flows.dispatcher import Decision, Facts, Step, decide, demanded
from idp.flows.pending import PendingRequests
from idp.flows.pushed import PushedRequests
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.grant import CodePayload
from idp.ports.sessions import Snapshot
from idp.protocol.authorization import parsing
from idp.protocol.authorization.parsing import Target
from idp.protocol.authorization.responses import Responder
from idp.protocol.authorization.sources import RequestSources, Source
from idp.protocol.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    InteractionRequired,
    InvalidRequest,
    InvalidRequestUri,
    LoginRequired,
    ProtocolError,
    UnmetAuthenticationRequirements,
)
from idp.protocol.introductions import Introductions
from idp.protocol.parameters import form_parameters, query_parameters
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.audit import AuditLog
from idp.services.codes import CodeBox
from idp.services.sessions import SessionService
from idp.services.subjects import SubjectService, sector_of
from policies import assurance

_SILENT: Final[dict[Step, type[ProtocolError]]] = {
    Step.SIGN_IN: LoginRequired,
    Step.SET_PASSWORD: InteractionRequired,
    Step.CHOOSE_ACCOUNT: AccountSelectionRequired,
    Step.STEP_UP: InteractionRequired,
    Step.CONSENT: ConsentRequired,
    Step.UNMET: UnmetAuthenticationRequirements,
}
"""What ``prompt=none`` answers instead of showing a step (OpenID Connect Core section 3.1.2.6)."""


@dataclass(frozen=True, slots=True)
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
        subjects: SubjectService,
        pending: PendingRequests,
        pushed: PushedRequests,
        sources: RequestSources,
        codes: CodeBox,
        audit: AuditLog,
        clock: Clock,
        responder: Responder,
        readers: parsing.Readers,
        can_reach: Callable[[str], str],
        code_lifetime: int,
        introductions: Introductions,
        require_pushed: bool,
    ) -> None:
        """Take collaborators; ``code_lifetime`` is in seconds; ``require_pushed`` is for all clients."""
        self._introductions = introductions
        self._registry = registry
        self._sessions = sessions
        self._subjects = subjects
        self._pending = pending
        self._pushed = pushed
        self._sources = sources
        self._codes = codes
        self._audit = audit
        self._clock = clock
        self._responder = responder
        self._readers = readers
        self._can_reach = can_reach
        self._code_lifetime = code_lifetime
        self._require_pushed = require_pushed

    def handle(self, wire: WireRequest, browser: Browser) -> AuthorizationOutcome:
        """Return the answer, an error to show, or the page that the person has to see first."""
        try:
            sent = form_parameters(wire) if wire.method == "POST" else query_parameters(wire)
            source = self._sources.resolve(sent)
            target = self.identify(source.parameters)
        except ProtocolError as error:
            self._refused(error, wire)
            return Shown(error)
        mode, state = parsing.response_mode(source.parameters), source.parameters.get("state")
        try:
            request = self._parsed(target, source)
            snapshot = self._snapshot(target.client, browser.session)
            target = self._still_active(target)
            facts = self._facts(request, target.client, snapshot, None)
            return self._act(facts, browser)
        except ProtocolError as error:
            self._refused(error, wire, target.client.client_id)
            # An error is an answer too: the pushed request behind it is spent.
            self._pushed.use_up(source.pushed)
            return self._error(target.redirect_uri, mode, state, error)

    def check(self, target: Target, parameters: parsing.Parameters) -> AuthorizationRequest:
        """Return the valid request; raises a ``ProtocolError`` that may be redirected to the target."""
        return parsing.parse(target, parameters, self._readers)

    def _parsed(self, target: Target, source: Source) -> AuthorizationRequest:
        if source.fault is not None:
            raise source.fault
        if not source.pushed:
            if self._require_pushed or target.client.require_pushed_authorization_requests:
                raise InvalidRequest("this client must push its requests to /par (RFC 9126)", reason="not_pushed")
            return self.check(target, source.parameters)
        return replace(self.check(target, source.parameters), pushed=source.pushed)

    def identify(self, parameters: parsing.Parameters) -> Target:
        """Find the target, once more if the clients in memory are old: another process may have added or changed one."""
        try:
            return parsing.identify(parameters, self._registry.find)
        except InvalidRequest:
            self._registry.refresh_if_older_than(1)
            self._introductions.introduce(parameters)
            return parsing.identify(parameters, self._registry.find)

    def look(self, pending: PendingRequest, session_secret: str | None) -> tuple[Decision, Facts]:
        """Return what comes next in a transaction, with the facts behind it; raises ``InvalidRequest`` if its client has gone."""
        if pending.request is None:
            message = "only an authorization request has a next step here"
            raise InvalidRequest(message, reason="no_request")
        client = self._registry.find(pending.request.client_id)
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
        if request is None or not self._used_up(pending):
            return None
        self._refused(error, wire, request.client_id)
        return self._error(request.redirect_uri, request.response_mode, request.state, error)

    def _used_up(self, pending: PendingRequest) -> bool:
        pushed = pending.request.pushed if pending.request is not None else ""
        return self._pending.claim(pending.id) and self._pushed.use_up(pushed)

    def _act(self, facts: Facts, browser: Browser) -> AuthorizationOutcome:
        request, decision = facts.request, decide(facts)
        if decision.step is Step.ANSWER:
            if not self._pushed.use_up(request.pushed):
                raise InvalidRequestUri("request_uri was used by another request", reason="pushed_twice")
            return self._answer(facts)
        if "none" in request.prompt or decision.step is Step.UNMET:
            raise _SILENT[decision.step]("the person would have to be asked first", reason=decision.reason)
        binding = browser.binding or handles.new_secret()
        pending = self._pending.create(request, binding)
        return Interaction(pending, "" if browser.binding else binding)

    def _answer(self, facts: Facts) -> WireResponse:
        request, snapshot = facts.request, facts.snapshot
        if snapshot is None:
            raise LoginRequired("nobody is signed in")
        payload = self.payload(facts, snapshot)
        return self._responder.respond(
            request.response_mode, request.redirect_uri, {"code": self._codes.seal(payload)}, request.state
        )

    def payload(self, facts: Facts, snapshot: Snapshot) -> CodePayload:
        """Return what a code for this person and this request carries."""
        request, session, client = facts.request, snapshot.session, facts.client
        agreed = snapshot.consent.claims if snapshot.consent is not None else 0
        released = request.claims & agreed
        return CodePayload(
            grant_id=handles.new_id(),
            client_id=client.client_id,
            account_id=session.account_id,
            session_id=session.id,
            sub=snapshot.sub or self._subjects.subject(session.account_id, client),
            scope=" ".join(request.scope),
            claims=released,
            id_claims=request.id_claims & agreed,
            nonce=request.nonce,
            challenge=request.challenge,
            redirect_digest=hashlib.sha256(request.redirect_uri.encode()).digest(),
            auth_time=session.auth_time,
            acr=assurance.stated(session.acr, demanded(facts)),
            amr=session.amr,
            expires_at=facts.now + self._code_lifetime,
            resources=request.resources,
            details=request.details,
        )

    def _snapshot(self, client: Client, session_secret: str | None) -> Snapshot | None:
        snapshot = self._sessions.snapshot(session_secret, client.client_id, sector_of(client))
        if snapshot is None:
            self._registry.refresh_if_older_than(1)
        else:
            self._registry.observe(snapshot.clients_version)
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
        return Facts(request, client, snapshot, self._clock.now(), self._can_reach, pending)

    def _error(self, redirect_uri: str, mode: str, state: str | None, error: ProtocolError) -> WireResponse:
        return self._responder.respond(
            mode, redirect_uri, {"error": error.error, "error_description": error.description}, state
        )

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
