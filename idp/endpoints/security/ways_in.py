"""Closing a linked upstream as a way in, after the person has read what that means, and opening it again."""

from __future__ import annotations

from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.errors import NotFound, Refused
from idp.flows.factor_changes import Here
from idp.flows.upstream.closing import UpstreamClosing
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import translator


class WayInPage:
    """``/account/security/upstream/<name>``."""

    def __init__(self, room: Room, ways: UpstreamClosing) -> None:
        """Take the room and the ways in."""
        self._room = room
        self._ways = ways

    def handle(self, wire: WireRequest, name: str) -> WireResponse:
        """Ask first, then close or open again."""

        def act(exchange: Exchange, here: Here) -> WireResponse:
            return self._done(exchange, here, name)

        return self._room.answered(wire, f"{HOME}/upstream/{name}", act)

    def _done(self, exchange: Exchange, here: Here, name: str) -> WireResponse:
        t, problem = translator(exchange.language), ""
        own = next((one for one in self._ways.of(here.account_id) if one.name == name), None)
        if own is None:
            raise NotFound("the account has no such way in")
        if exchange.is_post:
            self._room.form(exchange)
            if own.is_closed:
                self._ways.reopen(here, name)
                return self._room.done("way_reopened")
            try:
                self._ways.close(here, name)
            except Refused:
                problem = t("security.last_way")
            else:
                return self._room.done("way_closed")
        label = self._ways.label(name, exchange.language)
        return self._room.page("way_in", exchange, label=label, way=own, problem=problem)
