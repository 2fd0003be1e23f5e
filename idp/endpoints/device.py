"""``/device``: where a person types the code that another device shows (RFC 8628 section 3.3).

A link that brings the code along only fills the field in: the person still compares it with the device, and reads on the consent page who asks, for
what, and from where (sections 3.3.1 and 5.4).
"""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Desk, Exchange, first
from idp.errors import DomainError, Throttled
from idp.flows.decoupled import DecoupledRequests
from idp.flows.pending import PendingRequests
from idp.flows.user_codes import UserCodes
from idp.model.audit import AuditEvent, Event, Outcome
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.audit import AuditLog
from idp.web.i18n import translator

_CSRF: Final = "device"
_LONGEST: Final = 16
_MINUTE: Final = 60


class DevicePages:
    """The page of the user code, and the two that tell how it went."""

    def __init__(
        self,
        desk: Desk,
        user_codes: UserCodes,
        decoupled: DecoupledRequests,
        pending: PendingRequests,
        audit: AuditLog,
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._user_codes = user_codes
        self._decoupled = decoupled
        self._pending = pending
        self._audit = audit

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the form, or take the code and start the sign-in that answers its request."""
        exchange = self._desk.exchange(wire)
        try:
            if not exchange.is_post:
                code = query_parameters(wire).get("user_code", "")[:_LONGEST]
                return self._page(exchange, code, is_linked=bool(code))
            return self._taken(exchange, first(self._desk.form(exchange, _CSRF), "user_code"))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def done(self, wire: WireRequest) -> WireResponse:
        """Tell that the other device goes on."""
        return self._desk.page("device_done", self._desk.exchange(wire), outcome="done")

    def declined(self, wire: WireRequest) -> WireResponse:
        """Tell that the other device gets nothing."""
        return self._desk.page("device_done", self._desk.exchange(wire), outcome="declined")

    def _taken(self, exchange: Exchange, typed: str) -> WireResponse:
        t = translator(exchange.language)
        try:
            key = self._user_codes.find(typed, exchange.wire.address)
        except Throttled as error:
            self._refused(exchange, "throttled")
            minutes = max(1, -(-error.retry_after // _MINUTE))
            page = self._page(exchange, typed, t("device.throttled", minutes=minutes))
            return WireResponse(429, (*page.headers, ("Retry-After", str(error.retry_after))), page.body)
        asked = self._decoupled.waiting(key) if key is not None else None
        if asked is None:
            self._refused(exchange, "user_code_unknown")
            return self._page(exchange, typed, t("device.wrong"))
        pending = self._pending.create(asked.request, exchange.binding, decoupled=asked.key)
        return redirect(f"/signin/{pending.id}", self._desk.headers(exchange))

    def _page(self, exchange: Exchange, user_code: str, problem: str = "", *, is_linked: bool = False) -> WireResponse:
        token = self._desk.csrf_token(exchange, _CSRF)
        return self._desk.page(
            "device",
            exchange,
            csrf_token=token,
            user_code=user_code[:_LONGEST],
            problem=problem,
            is_linked=is_linked,
        )

    def _refused(self, exchange: Exchange, reason: str) -> None:
        self._audit.write(
            AuditEvent(
                Event.DEVICE_GUESS,
                Outcome.REFUSED,
                reason,
                actor="anonymous",
                case_code=exchange.wire.case_code,
                private={"address": exchange.wire.address},
            )
        )
