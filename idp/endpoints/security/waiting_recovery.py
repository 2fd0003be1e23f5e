"""A recovery that was begun from afar and waits: who is signed in sees it, and cancels it without the code of a notice."""

from __future__ import annotations

from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.errors import NotFound
from idp.flows.factor_changes import Here
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.recoveries import RecoveryService
from idp.web.i18n import Translator, translator

PATH = f"{HOME}/recovery"


def moments(t: Translator, recoveries: RecoveryService, account_id: str) -> dict[str, str]:
    """Return when a recovery from afar was ``begun`` and can be finished (``ready``); nothing where none waits."""
    row = recoveries.from_afar(account_id)
    return {} if row is None else {"begun": t.moment(row.started_at), "ready": t.moment(row.ready_at)}


class WaitingRecoveryPage:
    """``/account/security/recovery``."""

    def __init__(self, room: Room, recoveries: RecoveryService) -> None:
        """Take the room and the recoveries."""
        self._room = room
        self._recoveries = recoveries

    def handle(self, wire: WireRequest) -> WireResponse:
        """Say what waits first, then cancel it."""
        return self._room.answered(wire, PATH, self._cancelled)

    def _cancelled(self, exchange: Exchange, here: Here) -> WireResponse:
        waits = moments(translator(exchange.language), self._recoveries, here.account_id)
        if not waits:
            raise NotFound("no recovery of the account from afar is under way")
        if exchange.is_post:
            self._room.form(exchange)
            self._recoveries.cancel(here.account_id, actor=here.actor, reason="cancelled_by_owner")
            return self._room.done("recovery_cancelled")
        return self._room.page("recovery", exchange, **waits)
