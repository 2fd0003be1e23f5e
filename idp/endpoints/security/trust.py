"""Trusting this browser, after the person has read what that means."""

from __future__ import annotations

from idp.endpoints.account import browser_name
from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.endpoints.steps.way import TRUST_AGE
from idp.errors import NotFound
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.web.i18n import translator


class TrustPage:
    """``/account/security/trust``."""

    def __init__(self, room: Room) -> None:
        """Take the room."""
        self._room = room

    def handle(self, wire: WireRequest) -> WireResponse:
        """Say what it means first, then trust the browser."""
        return self._room.answered(wire, f"{HOME}/trust", self._trusted)

    def _trusted(self, exchange: Exchange, here: Here) -> WireResponse:
        t = translator(exchange.language)
        name = browser_name(exchange.origin.browser) or t("account.unknown_browser")
        days = self._room.changes.trust_days(here.account_id)
        if not days:
            raise NotFound("trusted devices are off, not for staff, or there is no second factor to stand in for")
        if not exchange.is_post:
            return self._room.page("trust", exchange, name=name, days=days)
        self._room.form(exchange)
        secret = self._room.changes.trust(here, name)
        cookies = self._room.desk.cookies
        return redirect(f"{HOME}?notice=trusted", (cookies.make(cookies.trust, secret, TRUST_AGE),))
