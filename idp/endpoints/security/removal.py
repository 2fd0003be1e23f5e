"""Taking a factor away, after the person has read what that means."""

from __future__ import annotations

from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.errors import NotFound, Refused
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import translator


class RemovalPage:
    """``/account/security/remove/<factor>/<item>``."""

    def __init__(self, room: Room) -> None:
        """Take the room."""
        self._room = room

    def handle(self, wire: WireRequest, factor: str, item: str) -> WireResponse:
        """Ask first, then remove."""

        def act(exchange: Exchange, here: Here) -> WireResponse:
            return self._removed(exchange, here, factor, item)

        return self._room.answered(wire, f"{HOME}/remove/{factor}/{item}", act)

    def _removed(self, exchange: Exchange, here: Here, factor: str, item: str) -> WireResponse:
        t = translator(exchange.language)
        enrolled = self._room.changes.enrolled(here.account_id)
        own = next((one for one in enrolled if (one.factor, one.item) == (factor, item)), None)
        if own is None or factor == "password":
            raise NotFound("the account has no such factor, or only a password that is changed and never removed")
        problem = ""
        if exchange.is_post:
            self._room.form(exchange)
            try:
                self._room.changes.remove(here, factor, item)
            except Refused:
                problem = t("security.last")
            else:
                return self._room.done("removed")
        kind = t.either(f"security.factor.{factor}", "security.factor.other")
        can_go = self._room.changes.may_remove(own, enrolled)
        return self._room.page("remove", exchange, kind=kind, name=own.name, can_go=can_go, problem=problem)
