"""The list: each factor with its dates, and what can be done with it."""

from __future__ import annotations

from typing import Any, Final

from idp.authn.factors.factor import Enrolled
from idp.endpoints.desk import Exchange
from idp.endpoints.security.room import HOME, Room
from idp.endpoints.security.waiting_recovery import moments
from idp.flows.factor_changes import Here
from idp.flows.upstream.closing import UpstreamClosing
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse
from idp.services.contacts import CODE_FACTOR
from idp.services.recoveries import RecoveryService
from idp.web.i18n import Translator, translator

_NOTICES: Final = frozenset(
    {
        "app_added",
        "passkey_added",
        "passkey_renamed",
        "removed",
        "password_changed",
        "trusted",
        "not_me",
        "recovery_cancelled",
        "way_closed",
        "way_reopened",
    }
)
_SPARE: Final = "recovery_code"


class OverviewPage:
    """``/account/security``."""

    def __init__(self, room: Room, ways: UpstreamClosing, recoveries: RecoveryService, *, has_passkeys: bool) -> None:
        """Take the room, the upstreams as ways in, the recoveries, and whether devices make passkeys for our address."""
        self._recoveries = recoveries
        self._ways = ways
        self._room = room
        self._has_passkeys = has_passkeys

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the list; looking asks for nothing but a session."""
        return self._room.answered(wire, HOME, self._shown, is_change=False)

    def _shown(self, exchange: Exchange, here: Here) -> WireResponse:
        t = translator(exchange.language)
        enrolled = self._room.changes.enrolled(here.account_id)
        rows = [self._row(t, one, enrolled) for one in enrolled]
        return self._room.page(
            "overview",
            exchange,
            rows=rows,
            recovery=moments(t, self._recoveries, here.account_id),
            ways=[
                {"way": one, "label": self._ways.label(one.name, exchange.language), "at": t.moment(one.at)}
                for one in self._ways.of(here.account_id)
            ],
            has=frozenset(one.factor for one in enrolled),
            left=next((one.left for one in enrolled if one.factor == _SPARE), None),
            can_spare=self._room.changes.has_second_factor(here.account_id),
            has_passkeys=self._has_passkeys,
            trust_days=self._room.changes.trust_days(here.account_id),
            notice=_notice(exchange.wire),
        )

    def _row(self, t: Translator, one: Enrolled, enrolled: tuple[Enrolled, ...]) -> dict[str, Any]:
        return {
            "factor": one.factor,
            "item": one.item,
            "kind": t.either(f"security.factor.{one.factor}", "security.factor.other"),
            "name": one.name,
            "since": t.moment(one.created_at),
            "used": t.moment(one.last_used_at) if one.last_used_at else "",
            "left": one.left,
            "until": t.moment(one.until) if one.until else "",
            "address": one.factor in CODE_FACTOR.values(),
            "can_go": one.factor != "password" and self._room.changes.may_remove(one, enrolled),
        }


def _notice(wire: WireRequest) -> str:
    try:
        notice = query_parameters(wire).get("notice", "")
    except ProtocolError:
        return ""
    return notice if notice in _NOTICES else ""
