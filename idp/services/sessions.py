"""SSO sessions: who is signed in where, and how it ends.

The cookie is a 256-bit secret of which only the digest is stored; every sign-in and step-up makes a new one, so a fixed or stolen older cookie is
worth nothing. The session's id stays the same while one person stays signed in: it is the ``sid`` that departments know, and one
sign-out must reach all of them. Ending a session, revoking what lives from it and telling the departments is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import orjson

from idp import handles
from idp.clock import Clock
from idp.model.audit import AuditEvent, Event
from idp.model.mandate import Mandate
from idp.model.notice import Topic
from idp.model.outbox import OutboxMessage
from idp.model.session import Origin, Session
from idp.ports.notices import SILENCE, Notices
from idp.ports.sessions import SessionClient, SessionStore, Snapshot
from idp.services.audit import AuditLog
from policies.factors import firm

BACKCHANNEL_LOGOUT = "backchannel_logout"
_TOUCH_EVERY = 60
_PAGE = 500
_TOLD_HERE = frozenset({"sign_out_everywhere"})
"""Reasons of which the end itself is the news; who ends sessions for another reason tells of that one."""


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """Lifetimes in seconds: from the sign-in, and without use."""

    lifetime: int
    idle: int


@dataclass(frozen=True, slots=True)
class SessionView:
    """A live session as its owner sees it."""

    session: Session
    origin: Origin


class SessionService:
    """Starts, renews, reads and ends sessions."""

    def __init__(
        self,
        store: SessionStore,
        audit: AuditLog,
        clock: Clock,
        policy: SessionPolicy,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
        wants_logout: Callable[[str], bool],
        notices: Notices = SILENCE,
        all_ended: Callable[[str, str, str], None] = lambda _account_id, _reason, _actor: None,
    ) -> None:
        """Take collaborators; ``wants_logout`` tells whether a client (by id) has a back-channel logout URI.

        ``all_ended`` hears of an account whose sessions all end, with reason and actor, before they do.
        """
        self._all_ended = all_ended
        self._notices = notices
        self._store = store
        self._audit = audit
        self._clock = clock
        self._policy = policy
        self._seal = seal
        self._unseal = unseal
        self._wants_logout = wants_logout

    def start(
        self, account_id: str, acr: str, amr: tuple[str, ...], origin: Origin, *, auth_time: int | None = None
    ) -> tuple[Session, str]:
        """Start a session after a sign-in; returns it with the cookie's secret.

        ``auth_time`` is the moment that an upstream states for the authentication, where it was before now.
        """
        now = self._clock.now()
        moment = now if auth_time is None else auth_time
        return self._begun(
            Session(handles.new_id(), account_id, now, now, now + self._policy.lifetime, moment, acr, amr), origin
        )

    def start_assisted(self, mandate: Mandate, acr: str, amr: tuple[str, ...], origin: Origin) -> tuple[Session, str]:
        """Start the session of a person whom a clerk assists: it lives as long as the mandate and is none of the person's own."""
        now = self._clock.now()
        times = (now, now, mandate.valid_to, now)
        return self._begun(
            Session(mandate.session_id, mandate.principal_id, *times, acr, amr, mandate_id=mandate.id),
            origin,
            f"account:{mandate.actor_id}",
        )

    def _begun(self, session: Session, origin: Origin, actor: str = "") -> tuple[Session, str]:
        session_id, secret = session.id, handles.new_secret()
        sealed = self._seal(orjson.dumps([origin.address, origin.browser]), session_id.encode())
        self._store.add(
            session, handles.digest(secret), sealed, self._audit.record(_sign_in(session, origin, Event.SIGN_IN, actor))
        )
        return session, secret

    def renew(
        self,
        session: Session,
        acr: str,
        amr: tuple[str, ...],
        origin: Origin,
        *,
        is_step_up: bool = False,
        auth_time: int | None = None,
    ) -> tuple[Session, str] | None:
        """Renew a live session of the same person after another sign-in or a step-up; None if it has ended meanwhile.

        A step-up leaves ``auth_time`` and the session's end as they are: a one-time code alone is no new sign-in, and must not
        satisfy a later ``max_age``.
        """
        now, secret = self._clock.now(), handles.new_secret()
        renewed = replace(session, last_seen_at=now, acr=acr, amr=amr)
        if not is_step_up:
            moment = now if auth_time is None else auth_time
            renewed = replace(renewed, auth_time=moment, expires_at=now + self._policy.lifetime)
        event = Event.STEP_UP if is_step_up else Event.SIGN_IN
        done = self._store.renew(renewed, handles.digest(secret), self._audit.record(_sign_in(renewed, origin, event)))
        return (renewed, secret) if done else None

    def of_cookie(self, secret: str | None) -> Session | None:
        """Return the live session of a cookie that its person began himself, or None: a clerk's assistance opens no page of the person's own.

        Our own pages see it without what a trusted device stood in for: that counts for departments alone.
        """
        session = self.any_of_cookie(secret)
        return session if session is not None and not session.is_assisted else None

    def any_of_cookie(self, secret: str | None) -> Session | None:
        """Return the live session of a cookie, also one that a clerk began, or None."""
        if not secret:
            return None
        session = self._store.by_digest(handles.digest(secret))
        return without_stand_ins(session) if session and self.is_live(session) else None

    def choose(self, session: Session, capacity: str, case_code: str = "") -> bool:
        """Remember as whom the person acts from now on: ``person`` or a mandate's id. False if the session has ended."""
        event = AuditEvent(
            Event.CAPACITY_CHOOSE,
            actor=f"account:{session.account_id}",
            account_id=session.account_id,
            session_id=session.id,
            target=f"mandate:{capacity}" if capacity != "person" else f"account:{session.account_id}",
            case_code=case_code,
        )
        return self._store.choose(session.id, capacity, self._audit.record(event))

    def snapshot(self, secret: str | None, client_id: str, sector_id: str) -> Snapshot | None:
        """Return all that decides about an authorization request of this browser at this client, or None without a live session."""
        if not secret:
            return None
        snapshot = self._store.snapshot(handles.digest(secret), client_id, sector_id)
        if snapshot is None or snapshot.account_state != "active" or not self.is_live(snapshot.session):
            return None
        self._touch(snapshot.session)
        return snapshot

    def is_live(self, session: Session) -> bool:
        """Tell whether a stored session still counts: not ended, not past its end, not idle for too long."""
        now = self._clock.now()
        idle = now - session.last_seen_at > self._policy.idle
        return session.ended_at is None and now < session.expires_at and not idle

    def clients_of(self, session: Session) -> list[SessionClient]:
        """Return the clients that signed somebody in by this session."""
        return self._store.clients_of(session.id)

    def end(self, session: Session, reason: str, actor: str, *, case_code: str = "") -> tuple[str, ...]:
        """End a session; returns the ids of the clients that are told. Ending an ended session is no error."""
        known = self._store.clients_of(session.id)
        now = self._clock.now()
        messages = [
            _message(session.id, one.client_id, one.sub, now) for one in known if self._wants_logout(one.client_id)
        ]
        told = tuple(message.client_id for message in messages)
        event = AuditEvent(
            Event.SIGN_OUT if actor == f"account:{session.account_id}" else Event.SESSION_REVOKE,
            reason=reason,
            actor=actor,
            account_id=session.account_id,
            session_id=session.id,
            target=f"session:{session.id}",
            case_code=case_code,
            detail={"told": list(told)},
        )
        self._store.end(session.id, now, reason, messages, self._audit.record(event))
        return told

    def end_all(self, account_id: str, reason: str, actor: str, *, keep: str | None = None) -> int:
        """End every live session of an account but ``keep``; returns how many. A sign-out everywhere is told to the person."""
        self._all_ended(account_id, reason, actor)
        live = [view.session for view in self.of_account(account_id) if view.session.id != keep]
        for session in live:
            self.end(session, reason, actor)
        if live and reason in _TOLD_HERE:
            self._notices.tell(account_id, Topic.SESSIONS_ENDED)
        return len(live)

    def of_account(self, account_id: str) -> list[SessionView]:
        """Return the live sessions of an account, newest first, with where they came from."""
        rows = self._store.of_account(account_id, self._clock.now())
        return [
            SessionView(session, self._origin(session, sealed)) for session, sealed in rows if self.is_live(session)
        ]

    def everybodys(self) -> Iterator[Session]:
        """Yield the live sessions of all accounts by id, read in pages so that memory stays the same."""
        after = ""
        while rows := self._store.everybodys(self._clock.now(), after, _PAGE):
            yield from (session for session in rows if self.is_live(session))
            after = rows[-1].id

    def _touch(self, session: Session) -> None:
        now = self._clock.now()
        if now - session.last_seen_at >= _TOUCH_EVERY:
            self._store.touch(session.id, now)

    def _origin(self, session: Session, sealed: bytes) -> Origin:
        address, browser = orjson.loads(self._unseal(sealed, session.id.encode()))
        return Origin(address, browser)


def without_stand_ins(session: Session) -> Session:
    """Return a session with the level that its person has proved: what a trusted device stood in for does not count."""
    acr, amr = firm(session.acr, session.amr)
    return session if acr == session.acr and amr == session.amr else replace(session, acr=acr, amr=amr)


def _sign_in(session: Session, origin: Origin, event: Event, actor: str = "") -> AuditEvent:
    assisted = {"mandate": session.mandate_id} if session.is_assisted else {}
    return AuditEvent(
        event,
        actor=actor or f"account:{session.account_id}",
        account_id=session.account_id,
        session_id=session.id,
        target=f"session:{session.id}",
        detail={"acr": session.acr, "amr": list(session.amr), **assisted},
        private={"address": origin.address, "browser": origin.browser},
    )


def _message(session_id: str, client_id: str, sub: str, now: int) -> OutboxMessage:
    payload = orjson.dumps({"sid": session_id, "sub": sub})
    return OutboxMessage(handles.new_id(), BACKCHANNEL_LOGOUT, client_id, payload, 0, now)
