"""Who comes into the console: somebody who administers something, at level 2, and active in it of late."""

from __future__ import annotations

import hashlib

from idp.clock import Clock
from idp.config.level_three import CONSOLE_IDLE
from idp.endpoints.desk import Exchange
from idp.endpoints.door import Door
from idp.errors import NotFound
from idp.flows.administration.administrator import Administrator, Administrators
from idp.flows.administration.gate import LEVEL
from idp.model.session import Session
from idp.ports.ephemeral import TransactionStore
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.sessions import SessionService
from policies import assurance


class Entrance:
    """Asks for rights, level and activity at every request."""

    def __init__(
        self,
        door: Door,
        sessions: SessionService,
        administrators: Administrators,
        marks: TransactionStore,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``marks`` keeps who was active in the console of late."""
        self._door = door
        self._sessions = sessions
        self._administrators = administrators
        self._marks = marks
        self._clock = clock

    def admit(self, exchange: Exchange, back: str) -> tuple[Session, Administrator] | WireResponse:
        """Return who comes in, or the way to the sign-in, which leads to ``back``.

        Raises ``NotFound`` for who administers nothing: nobody else learns that the page is there.
        """
        session = self._sessions.of_cookie(exchange.session_secret)
        if session is not None:
            who = self._who(session, exchange.wire)
            if not any(one.is_live(self._clock.now()) for one in who.actor.grants):
                raise NotFound("there is no such page")
            # Who signed in again with less than two factors is asked for the rest, whatever the mark says.
            if assurance.satisfies(session.acr, LEVEL) and self._is_active(session):
                return session, who
        admitted = self._door.admit(exchange, back, minimum_acr=LEVEL, max_age=CONSOLE_IDLE)
        if isinstance(admitted, WireResponse):
            return admitted
        self._marks.put(_mark(admitted), b"1", self._clock.now() + CONSOLE_IDLE)
        return admitted, self._who(admitted, exchange.wire)

    def _is_active(self, session: Session) -> bool:
        """Tell whether the session was active in the console of late, and note that it is."""
        key, now = _mark(session), self._clock.now()
        if self._marks.get(key, now) is None:
            return False
        self._marks.put(key, b"1", now + CONSOLE_IDLE)
        return True

    def _who(self, session: Session, wire: WireRequest) -> Administrator:
        return self._administrators.person(
            session.account_id,
            session.acr,
            session_id=session.id,
            case_code=wire.case_code,
            address=wire.address,
        )


def _mark(session: Session) -> str:
    return "admin:" + hashlib.sha256(session.id.encode()).hexdigest()
