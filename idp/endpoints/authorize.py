"""``/authorize``: the protocol decides; this adapts cookies, pages and cross-site posts."""

from __future__ import annotations

from idp.endpoints.desk import Desk
from idp.protocol.authorization.endpoint import AuthorizationEndpoint, Browser, Interaction, Shown
from idp.protocol.wire import WireRequest, WireResponse, redirect


class AuthorizePage:
    """Answers authorization requests."""

    def __init__(self, endpoint: AuthorizationEndpoint, desk: Desk) -> None:
        """Take the protocol's endpoint and the desk."""
        self._endpoint = endpoint
        self._desk = desk

    def handle(self, wire: WireRequest) -> WireResponse:
        """Return a code, an error, or the way to the next page.

        A request posted from another site carries no ``SameSite=Lax`` cookie: it becomes a pending transaction, and the redirect to its page
        is a navigation that does carry them.
        """
        header, cookies = wire.header("cookie"), self._desk.cookies
        browser = Browser(cookies.read(header, cookies.session), cookies.read(header, cookies.binding))
        outcome = self._endpoint.handle(wire, browser)
        if isinstance(outcome, Shown):
            return self._desk.refused(wire, outcome.error, audited=True)
        if isinstance(outcome, Interaction):
            made = (cookies.make(cookies.binding, outcome.binding),) if outcome.binding else ()
            return redirect(f"/signin/{outcome.pending.id}", made)
        return outcome
