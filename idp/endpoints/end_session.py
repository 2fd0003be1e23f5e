"""``/end_session``: RP-initiated logout, and the page that asks first when nothing proves whose wish it is."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Desk, Exchange, first
from idp.endpoints.signed_out import SignedOutPage
from idp.errors import DomainError
from idp.flows.pending import PendingRequests
from idp.flows.upstream.sign_out import SignedOut, UpstreamSignOut
from idp.model.session import Session
from idp.protocol.end_session import EndSessionEndpoint
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.sessions import SessionService
from idp.web.render import form_action

_CSRF: Final = "end_session"


class EndSessionPages:
    """Ends the browser's session, at once or after asking."""

    def __init__(
        self,
        desk: Desk,
        endpoint: EndSessionEndpoint,
        sessions: SessionService,
        pending: PendingRequests,
        goodbye: SignedOutPage,
        upstream: UpstreamSignOut,
    ) -> None:
        """Take collaborators."""
        self._upstream = upstream
        self._goodbye = goodbye
        self._desk = desk
        self._endpoint = endpoint
        self._sessions = sessions
        self._pending = pending

    def handle(self, wire: WireRequest) -> WireResponse:
        """Take a logout request. What the confirm page needs afterwards waits in a transaction, so no form field can be forged."""
        exchange = self._desk.exchange(wire)
        session = self._sessions.any_of_cookie(exchange.session_secret)
        try:
            request = self._endpoint.read(wire, session)
        except ProtocolError as error:
            return self._desk.refused(wire, error)
        if session is None or request.is_proven:
            return self._end(exchange, session, request.return_uri)
        asked = self._desk.exchange(wire, request.ui_locales)
        pending = self._pending.create(None, exchange.binding, request.return_uri)
        came_from = self._upstream.origin(session)
        upstream = self._upstream.address(came_from) if came_from is not None else ""
        origins = tuple(origin for uri in (request.return_uri, upstream) if uri for origin in form_action(uri))
        token = self._desk.csrf_token(exchange, _CSRF)
        return self._desk.renderer.page(
            "logout",
            asked.language,
            origins=origins,
            headers=self._desk.headers(exchange),
            csrf_token=token,
            transaction=pending.id,
        )

    def confirm(self, wire: WireRequest) -> WireResponse:
        """Take the answer of the confirm page."""
        exchange = self._desk.exchange(wire)
        try:
            form = self._desk.form(exchange, _CSRF)
            held = self._pending.get(first(form, "transaction"), exchange.binding)
            self._pending.claim(held.pending.id)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)
        if "logout-cancel" in form:
            return redirect("/account")
        session = self._sessions.any_of_cookie(exchange.session_secret)
        return self._end(exchange, session, held.pending.return_to)

    def _end(self, exchange: Exchange, session: Session | None, return_uri: str) -> WireResponse:
        """End the session durably before anything is answered; only then drop the cookie and go on."""
        told: tuple[str, ...] = ()
        came_from = self._upstream.origin(session)
        if session is not None:
            actor = f"account:{session.account_id}"
            told = self._sessions.end(session, "sign_out", actor, case_code=exchange.wire.case_code)
        if came_from is not None:
            then = SignedOut(return_uri, told)
            upward = self._upstream.upward(came_from, exchange.binding, then, exchange.wire.case_code)
            return_uri = upward or return_uri
        return self._goodbye.show(exchange, session, told, return_uri)
