"""Sign-out both ways: ours goes up to the upstream of a session, and an upstream's logout token ends the sessions that came from it.

Our own sign-out never waits on theirs: it has happened, durably, before anything here is asked.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import NotFound
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Session
from idp.model.upstream import UpstreamSession
from idp.ports.ephemeral import TransactionStore
from idp.ports.upstreams import Door, UpstreamRefused, UpstreamUnavailable
from idp.services.audit import AuditLog
from idp.services.other_releases import legible
from idp.services.sessions import SessionService
from idp.services.upstream_sessions import UpstreamSessions

_LIFETIME: Final = 600


@dataclass(frozen=True, slots=True)
class SignedOut:
    """What the browser was about to see when it was sent upstream: where it goes on ("" for our page), and who was told."""

    return_uri: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """Collaborators of the flow."""

    sessions: SessionService
    upstream_sessions: UpstreamSessions
    store: TransactionStore
    seal: Callable[[bytes, bytes], bytes]
    unseal: Callable[[bytes, bytes], bytes]
    audit: AuditLog
    clock: Clock


class UpstreamSignOut:
    """Carries sign-outs up and down; ``return_address`` is ours for browsers that come back from one upstream."""

    def __init__(self, doors: Mapping[str, Door], tools: Tools, return_address: Callable[[str], str]) -> None:
        """Take the upstreams by name and collaborators."""
        self._doors = doors
        self._tools = tools
        self._return_address = return_address

    def origin(self, session: Session | None) -> UpstreamSession | None:
        """Return where a session came from, if its upstream is still one and wants to hear of sign-outs."""
        if session is None or not self._doors:
            return None
        found = self._tools.upstream_sessions.of_session(session.id)
        door = self._doors.get(found.upstream) if found is not None else None
        return found if door is not None and door.logout != "none" else None

    def address(self, origin: UpstreamSession) -> str:
        """Return where a browser would be sent, for the policy of the page that sends it; "" for nowhere."""
        door = self._doors[origin.upstream]
        try:
            return door.end_session_url("", "", "") if door.logout == "redirect" else ""
        except (UpstreamUnavailable, UpstreamRefused):
            return ""

    def upward(self, origin: UpstreamSession, binding: str, then: SignedOut, case_code: str) -> str:
        """Tell the upstream that the session has ended; returns where the browser has to be sent for it, "" for nowhere."""
        door = self._doors[origin.upstream]
        try:
            if door.logout == "backchannel":
                door.end_session(origin.hint, origin.sid)
                self._write(origin.upstream, Outcome.DONE, "told", case_code, origin)
                return ""
            state = self._kept(origin.upstream, binding, then)
            return door.end_session_url(origin.hint, self._return_address(origin.upstream), state)
        except (UpstreamUnavailable, UpstreamRefused):
            self._write(origin.upstream, Outcome.FAILED, "not_told", case_code, origin)
            return ""

    def back(self, name: str, state: str, binding: str | None) -> SignedOut:
        """Return what waits for the browser that comes back from the upstream; raises ``NotFound``."""
        key = _key(state)
        raw = self._tools.store.claim(key, self._tools.clock.now()) if state else None
        if raw is None:
            raise NotFound("no sign-out waits for this browser", code="expired_transaction")
        document = orjson.loads(self._tools.unseal(raw, key.encode()))
        found = legible(lambda: _restored(*document), "sign-out")
        bound = handles.digest(binding).hex() if binding else ""
        if found is None or found[0] != name or not hmac.compare_digest(found[1], bound):
            raise NotFound("the sign-out belongs to another browser", code="expired_transaction")
        return found[2]

    def downward(self, name: str, token: str, case_code: str) -> int:
        """End the sessions that a logout token names, each with its own fan-out; returns how many. Raises ``UpstreamRefused``."""
        door = self._doors.get(name)
        if door is None:
            raise NotFound("no such upstream")
        try:
            notice = door.logout_notice(token)
        except UpstreamRefused as error:
            self._write(name, Outcome.REFUSED, error.check, case_code)
            raise
        ended = 0
        for origin in self._tools.upstream_sessions.named(name, notice.sid, notice.subject):
            ended += self._end(origin, case_code)
        self._write(name, Outcome.DONE, f"ended_{ended}", case_code)
        return ended

    def _end(self, origin: UpstreamSession, case_code: str) -> int:
        live = [view.session for view in self._tools.sessions.of_account(origin.account_id)]
        mine = [session for session in live if session.id == origin.session_id]
        for session in mine:
            self._tools.sessions.end(session, "upstream_logout", "system", case_code=case_code)
        return len(mine)

    def _kept(self, name: str, binding: str, then: SignedOut) -> str:
        state = handles.new_secret()
        key, expires = _key(state), self._tools.clock.now() + _LIFETIME
        document = orjson.dumps([name, handles.digest(binding).hex(), then.return_uri, then.told])
        self._tools.store.put(key, self._tools.seal(document, key.encode()), expires)
        return state

    def _write(
        self, name: str, outcome: Outcome, reason: str, case_code: str, origin: UpstreamSession | None = None
    ) -> None:
        self._tools.audit.write(
            AuditEvent(
                Event.UPSTREAM_LOGOUT,
                outcome,
                reason,
                account_id=origin.account_id if origin is not None else None,
                session_id=origin.session_id if origin is not None else None,
                target=f"upstream:{name}",
                case_code=case_code,
            )
        )


def _restored(upstream: str, browser: str, return_uri: str, told: list[str]) -> tuple[str, str, SignedOut]:
    """Return what waits, with its upstream and browser; a document of more or fewer parts is refused by the call."""
    return upstream, browser, SignedOut(return_uri, tuple(told))


def _key(state: str) -> str:
    return f"upstream-signed-out:{handles.digest(state).hex()}"
