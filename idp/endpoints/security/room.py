"""What the pages of this room share: who may come in, the form's token, and how they go on and say no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.clock import Clock
from idp.endpoints.desk import Desk, Exchange, Form
from idp.endpoints.door import Door
from idp.errors import DomainError
from idp.flows.factor_changes import FactorChanges, Here
from idp.handles import digest
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from policies import assurance

HOME: Final = "/account/security"
_CSRF: Final = "security"
_MINUTE: Final = 60

PersonView = Callable[[str], Mapping[str, str]]
"""Takes an account id and returns ``name`` and masked ``code`` for pages."""


class Room:
    """Shared by the pages; holds no state of its own."""

    def __init__(
        self, desk: Desk, door: Door, changes: FactorChanges, person: PersonView, clock: Clock, fresh: int
    ) -> None:
        """Take collaborators; ``fresh`` is how many seconds after a sign-in a person may change something."""
        self.desk = desk
        self.changes = changes
        self.person = person
        self._door = door
        self._clock = clock
        self._fresh = fresh

    def answered(
        self, wire: WireRequest, path: str, act: Callable[[Exchange, Here], WireResponse], *, is_change: bool = True
    ) -> WireResponse:
        """Return what ``act`` answers to a person who may be here, else the way to sign in or the page that says no."""
        exchange = self.desk.exchange(wire)
        session = self._door.admit(exchange, path)
        try:
            if is_change and not isinstance(session, WireResponse):
                level = self.changes.level(session.account_id)
                session = self._door.admit(exchange, path, minimum_acr=level, max_age=self._fresh)
            if isinstance(session, WireResponse):
                return session
            return act(exchange, Here(session, exchange.origin, wire.case_code, exchange.device_secret))
        except (DomainError, ProtocolError) as error:
            return self.desk.refused(wire, error)

    def is_sure(self, session: Session) -> bool:
        """Tell whether a session speaks for its person without the password: fresh, and of level 2."""
        demand = assurance.Demand(minimum_acr=assurance.LOA_2, max_age=self._fresh)
        present = assurance.Present(session.acr, session.auth_time, assurance.LOA_4)
        return assurance.needed(demand, present, self._clock.now()).missing is assurance.Missing.NOTHING

    def form(self, exchange: Exchange) -> Form:
        """Return the posted form after its token was checked."""
        return self.desk.form(exchange, _CSRF)

    def page(self, template: str, exchange: Exchange, /, **values: Any) -> WireResponse:
        """Return a page of this room."""
        token = self.desk.csrf_token(exchange, _CSRF)
        return self.desk.page(f"security/{template}", exchange, csrf_token=token, **values)

    @staticmethod
    def done(notice: str) -> WireResponse:
        """Go back to the list, which tells what was done."""
        return redirect(f"{HOME}?notice={notice}")


def bound_to(exchange: Exchange, here: Here) -> str:
    """Return what a challenge of these pages is bound to: the session and the browser."""
    return f"{here.session.id}:{digest(exchange.binding).hex()}"


def minutes(seconds: int) -> int:
    """Return how many minutes somebody has to wait."""
    return max(1, -(-seconds // _MINUTE))
