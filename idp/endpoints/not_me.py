"""``/account/not-me/<record>``: a person says of a sign-in in the history that it was somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from idp.endpoints.account import browser_name
from idp.endpoints.desk import Desk, Exchange
from idp.endpoints.door import Door
from idp.errors import DomainError
from idp.flows.not_me import NotMe
from idp.flows.pending import PendingRequests
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.web.i18n import translator
from policies import factors

_CSRF: Final = "not-me"
_DONE: Final = "/account?notice=not_me"
_TO_LOOK_AT: Final = "/account/security?notice=not_me"
"""Where what came after the sign-in in question is shown, to be taken away."""


class NotMePages:
    """Says what will happen, and does it for a person who is freshly signed in at the highest level that the account has."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        flow: NotMe,
        pending: PendingRequests,
        enrolled: Callable[[str], Iterable[str]],
        session: Callable[[str | None], Session | None],
        fresh: int,
    ) -> None:
        """Take collaborators; ``enrolled`` returns an account's factors, ``fresh`` is in seconds."""
        self._desk = desk
        self._door = door
        self._flow = flow
        self._pending = pending
        self._enrolled = enrolled
        self._session = session
        self._fresh = fresh

    def handle(self, wire: WireRequest, record: str) -> WireResponse:
        """Show, or act."""
        exchange = self._desk.exchange(wire)
        try:
            session = self._admitted(exchange, f"/account/not-me/{record}")
            if isinstance(session, WireResponse):
                return session
            row = self._flow.find(session.account_id, record)
            if not exchange.is_post:
                return self._shown(exchange, session, row)
            self._desk.form(exchange, _CSRF)
            return self._done(exchange, session, row)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _admitted(self, exchange: Exchange, path: str) -> Session | WireResponse:
        """Who stole a session, or knows the password alone, must not be the one who throws the others out."""
        session = self._session(exchange.session_secret)
        level = factors.level_of_changes(self._enrolled(session.account_id)) if session is not None else ""
        return self._door.admit(exchange, path, minimum_acr=level, max_age=self._fresh)

    def _shown(self, exchange: Exchange, session: Session, row: dict[str, Any]) -> WireResponse:
        t = translator(exchange.language)
        private = row["private"]
        return self._desk.page(
            "not_me",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            when=t.moment(int(row["at_us"]) // 1_000_000),
            address=private.get("address", ""),
            browser=browser_name(private.get("browser", "")) or t("account.unknown_browser"),
            has_added=bool(self._flow.added_since(session.account_id, row)),
            is_recovered=self._flow.recovery_waits(session.account_id),
        )

    def _done(self, exchange: Exchange, session: Session, row: dict[str, Any]) -> WireResponse:
        must_change = self._flow.report(session, str(row["id"]), exchange.device_secret, exchange.wire.case_code)
        onward = _TO_LOOK_AT if self._flow.added_since(session.account_id, row) else _DONE
        if not must_change:
            return redirect(onward)
        pending = self._pending.create(None, exchange.binding, onward, password_account=session.account_id)
        return redirect(f"/signin/{pending.id}")
