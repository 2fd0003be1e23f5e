"""Signing in by an upstream: out, back, whose account, and the session that is worth what the upstream asserted.

The order on the way back is the order of trust: the ``state`` is spent and judged before anything of the callback is read, the
frame of the door checks what the upstream says, the policy decides whose account it is, and only then a session starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from idp.errors import NotFound, Throttled
from idp.flows.pending import Held, PendingRequests
from idp.flows.sign_in import SignedIn
from idp.flows.upstream.breaker import Breakers, Standing
from idp.flows.upstream.departures import Departures
from idp.flows.upstream.matching import Match, Matching
from idp.flows.upstream.proofs import WaitingProofs
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.notice import Detail, Topic
from idp.model.session import Origin, Session
from idp.model.upstream import Assertion, Departure
from idp.ports.notices import Notices
from idp.ports.upstreams import Door, UpstreamRefused, UpstreamUnavailable
from idp.services.audit import AuditLog
from idp.services.sessions import SessionService
from idp.services.upstream_sessions import UpstreamSessions
from policies import assurance
from policies.upstreams.linking import Step


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks of the sign-in upstream: a level that has to be reached ("" for any), freshness, and who steps up."""

    wanted_acr: str = ""
    max_age: int | None = None
    must_login: bool = False
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The request that brings somebody: its browser binding (None for a new browser), origin, live session and case code."""

    binding: str | None
    origin: Origin
    current: Session | None
    case_code: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """How an arrival ended. ``signed_in`` is None while the local account has to be proven. ``is_low``: below the level that was asked."""

    transaction: str
    step: Step
    signed_in: SignedIn | None = None
    is_low: bool = False


@dataclass(frozen=True, slots=True)
class Tools:
    """Collaborators of the flow."""

    departures: Departures
    proofs: WaitingProofs
    matching: Matching
    sessions: SessionService
    upstream_sessions: UpstreamSessions
    pending: PendingRequests
    breakers: Breakers
    notices: Notices
    audit: AuditLog


class UpstreamSignIn:
    """The steps of a sign-in by an upstream."""

    def __init__(self, doors: Mapping[str, Door], tools: Tools) -> None:
        """Take the upstreams by name and the collaborators."""
        self.doors = doors
        self._tools = tools

    def door(self, name: str) -> Door:
        """Return an upstream; raises ``NotFound``."""
        try:
            return self.doors[name]
        except KeyError:
            raise NotFound("no such upstream") from None

    def is_out(self, name: str) -> bool:
        """Tell whether an upstream is left alone at the moment."""
        return self._tools.breakers.is_open(name)

    def standing(self, name: str) -> Standing:
        """Return how this process has found an upstream."""
        return self._tools.breakers.standing(name)

    def depart(self, name: str, held: Held, asked: Asked, caller: Caller, language: str) -> str:
        """Return where the browser is sent; raises ``UpstreamUnavailable`` at once while the breaker is open, and ``Throttled``."""
        door, tools = self.door(name), self._tools
        try:
            if self.is_out(name):
                raise UpstreamUnavailable("the breaker is open")
            state, departure = tools.departures.begin(
                name,
                caller.origin.address,
                browser=held.pending.browser,
                transaction=held.pending.id,
                wanted_acr=asked.wanted_acr,
                max_age=asked.max_age,
                must_login=asked.must_login,
                account_id=asked.account_id,
            )
            return door.authorize_url(departure, state, language)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            self._ended(name, error, caller)
            raise
        except Throttled:
            self._write(name, Outcome.REFUSED, "throttled", caller)
            raise

    def claim(self, name: str, state: str, caller: Caller) -> Departure:
        """Spend the callback's ``state``; raises ``NotFound`` for one that is not this browser's, and records it."""
        self.door(name)
        try:
            return self._tools.departures.claim(name, state, caller.binding)
        except NotFound:
            self._write(name, Outcome.REFUSED, "state", caller)
            raise

    def arrive(self, departure: Departure, parameters: Mapping[str, str], caller: Caller) -> Arrived:
        """Take the callback; raises ``UpstreamRefused``, ``UpstreamUnavailable`` and, for a transaction that is gone, ``NotFound``."""
        name, tools = departure.upstream, self._tools
        door = self.door(name)
        held = tools.pending.get(departure.transaction, caller.binding)
        try:
            assertion = door.arrive(parameters, departure)
            match = tools.matching.match(assertion, door.terms, departure.account_id, caller.case_code)
        except (UpstreamUnavailable, UpstreamRefused) as error:
            self._ended(name, error, caller, caller.origin.address)
            raise
        tools.breakers.succeeded(name)
        if match.step is Step.PROVE:
            tools.proofs.keep(held.pending.id, assertion)
            self._write(name, Outcome.DONE, match.reason, caller)
            return Arrived(held.pending.id, match.step)
        signed_in = self._begin(held, assertion, match, departure, caller)
        return Arrived(held.pending.id, match.step, signed_in, _is_low(signed_in.session.acr, departure.wanted_acr))

    def waits(self, transaction: str, name: str) -> Assertion:
        """Return the arrival that waits for a proof in a transaction of this browser; raises ``NotFound``."""
        return self._tools.proofs.read(transaction, name)

    def prove(self, held: Held, name: str, signed_in: SignedIn, caller: Caller) -> None:
        """Link what waits to the account that was just proven; raises ``UpstreamRefused``."""
        assertion = self._tools.proofs.claim(held.pending.id, name)
        session = signed_in.session
        try:
            self._tools.matching.prove(assertion, session.account_id, session.acr, caller.case_code)
        except UpstreamRefused as error:
            self._ended(name, error, caller)
            raise
        self._told(session.account_id, name)

    def _begin(self, held: Held, assertion: Assertion, match: Match, departure: Departure, caller: Caller) -> SignedIn:
        """Start or renew the session, as a password does; another person's session in this browser ends before."""
        tools, current = self._tools, caller.current
        # A sign-in that was asked for just now counts from now: the frame has checked that it is no older.
        moment = None if departure.must_login else assertion.auth_time
        renewed = None
        amr = assertion.assessed.amr if match.acr == assertion.assessed.acr else ()
        if current is not None and current.account_id != match.account_id:
            tools.sessions.end(current, "other_account", f"account:{current.account_id}")
        elif current is not None and departure.account_id:
            acr = max(current.acr, match.acr, key=assurance.rank)
            amr = tuple(dict.fromkeys((*current.amr, *amr)))
            renewed = tools.sessions.renew(current, acr, amr, caller.origin, is_step_up=True)
        elif current is not None:
            renewed = tools.sessions.renew(current, match.acr, amr, caller.origin, auth_time=moment)
        is_step_up = renewed is not None and bool(departure.account_id)
        session, secret = renewed or tools.sessions.start(
            match.account_id, match.acr, amr, caller.origin, auth_time=moment
        )
        tools.upstream_sessions.remember(session, assertion)
        if not is_step_up:
            # A step-up is no new sign-in: it must not satisfy what waits for one.
            tools.pending.change(held, signed_in_at=session.auth_time, password_account="")
        detail = {"acr": session.acr, "step": match.step.value, "unread": list(assertion.mapped.unread)}
        self._write(assertion.upstream, Outcome.DONE, match.reason, caller, session, detail)
        if match.step is Step.LINK:
            self._told(session.account_id, assertion.upstream)
        replaced = current if current is not None and current.account_id != session.account_id else None
        return SignedIn(session, secret, replaced=replaced)

    def _told(self, account_id: str, name: str) -> None:
        self._tools.notices.tell(account_id, Topic.UPSTREAM_LINKED, Detail(factor=name))

    def _ended(
        self, name: str, error: UpstreamUnavailable | UpstreamRefused, caller: Caller, brought_from: str | None = None
    ) -> None:
        """Record how an attempt ended, and let the breaker know; ``brought_from`` is where what the upstream was asked with came from."""
        if isinstance(error, UpstreamUnavailable):
            # Counted by the browser's word, three forged answers would close this way in for everybody.
            if not error.is_hearsay and not self.is_out(name):
                self._tools.breakers.failed(name, error.reason, brought_from=brought_from)
            self._write(name, Outcome.FAILED, "unavailable", caller)
            return
        if not error.is_hearsay:
            self._tools.breakers.succeeded(name)
        self._write(name, Outcome.REFUSED, error.check, caller)

    def _write(
        self,
        name: str,
        outcome: Outcome,
        reason: str,
        caller: Caller,
        session: Session | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        self._tools.audit.write(
            AuditEvent(
                Event.UPSTREAM_SIGN_IN,
                outcome,
                reason,
                actor=f"account:{session.account_id}" if session is not None else "anonymous",
                account_id=session.account_id if session is not None else None,
                session_id=session.id if session is not None else None,
                target=f"upstream:{name}",
                case_code=caller.case_code,
                detail=detail or {},
                private={"address": caller.origin.address, "browser": caller.origin.browser},
            )
        )


def _is_low(reached: str, wanted: str) -> bool:
    return bool(wanted) and not assurance.satisfies(reached, wanted)
