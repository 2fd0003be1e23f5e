"""Making a set of recovery codes, which is shown once and can be printed."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.web.i18n import translator

PATH: Final = f"{HOME}/codes"


class RecoveryCodesPage:
    """``/account/security/codes``."""

    def __init__(self, room: Room) -> None:
        """Take the room."""
        self._room = room

    def handle(self, wire: WireRequest) -> WireResponse:
        """Ask first, since a new set ends the old one; then show it."""
        return self._room.answered(wire, PATH, self._made if wire.method == "POST" else self._asked)

    def _asked(self, exchange: Exchange, here: Here) -> WireResponse:
        enrolled = self._room.changes.enrolled(here.account_id)
        return self._room.page(
            "codes",
            exchange,
            left=next((one.left for one in enrolled if one.factor == "recovery_code"), None),
            can_spare=self._room.changes.has_second_factor(here.account_id),
        )

    def _made(self, exchange: Exchange, here: Here) -> WireResponse:
        self._room.form(exchange)
        codes = self._room.changes.new_codes(here)
        made = translator(exchange.language).moment(here.session.last_seen_at)
        return self._room.page("codes_shown", exchange, codes=codes, code=self._person(here), made=made)

    def _person(self, here: Here) -> str:
        return self._room.person(here.account_id)["code"]
