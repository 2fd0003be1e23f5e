"""``/qr/<handle>``: what a phone shows that has read the QR code of a screen; and what the screen asks meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.endpoints.account import browser_name
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.errors import DomainError, NotFound, Refused
from idp.flows.pending import PendingRequests
from idp.flows.qr_sign_in import QrSignIns, Stored
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.web.i18n import translator
from policies.places import place, shown

PersonView = Callable[[str], Mapping[str, str]]
_JSON: Final = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)


class QrPages:
    """Asks the person on the phone, and tells the screen."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        flow: QrSignIns,
        pending: PendingRequests,
        departments: Departments,
        person: PersonView,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._door = door
        self._flow = flow
        self._pending = pending
        self._departments = departments
        self._person = person
        self._clock = clock

    def handle(self, wire: WireRequest, handle: str) -> WireResponse:
        """Show who asks, or take the answer; whoever is not signed in, or not freshly, signs in first and comes back."""
        exchange = self._desk.exchange(wire)
        try:
            stored = self._flow.find(handle)
            if stored is None:
                return self._page(exchange, "gone")
            session = self._door.admit(exchange, f"/qr/{handle}", max_age=self._max_age(stored))
            if isinstance(session, WireResponse):
                return session
            if exchange.is_post:
                return self._taken(exchange, handle, stored, session)
            return self._shown(exchange, stored, session)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def state(self, wire: WireRequest, transaction: str) -> WireResponse:
        """Tell the browser of a transaction in one word how its request stands."""
        exchange = self._desk.exchange(wire)
        try:
            held = self._pending.get(transaction, None if exchange.is_new_browser else exchange.binding)
        except NotFound:
            return WireResponse(404, _JSON, orjson.dumps({"state": "gone"}))
        found = self._flow.of_transaction(held)
        return WireResponse(200, _JSON, orjson.dumps({"state": found[0].state if found is not None else "expired"}))

    def _max_age(self, stored: Stored) -> int:
        """Return how old the phone's sign-in may be, as the door takes it; 0 there would never be met."""
        return max(1, self._clock.now() - self._flow.oldest_sign_in(stored.request))

    def _taken(self, exchange: Exchange, handle: str, stored: Stored, session: Session) -> WireResponse:
        form = self._desk.form(exchange, stored.request.id)
        if "qr-number" not in form and "qr-deny" not in form:
            return redirect(f"/qr/{handle}")
        number = None if "qr-deny" in form else _number(form)
        try:
            self._flow.answer(stored, session, number, exchange.origin, exchange.wire.case_code)
        except Refused:
            # Too old by now: the door asks for a fresh sign-in.
            return redirect(f"/qr/{handle}")
        return redirect(f"/qr/{handle}")

    def _shown(self, exchange: Exchange, stored: Stored, session: Session) -> WireResponse:
        request = stored.request
        if request.state != "waiting":
            # What became of it is told to who answered; to others it is a used code.
            return self._page(exchange, request.state if request.account_id == session.account_id else "gone")
        t = translator(exchange.language)
        client = self._departments.find(request.client_id) if request.client_id else None
        here, there = place(exchange.wire.address), place(request.address)
        return self._page(
            exchange,
            "waiting",
            csrf_token=self._desk.csrf_token(exchange, request.id),
            client=self._departments.view(client, exchange.language),
            asked={
                "browser": browser_name(request.browser) or t("account.unknown_browser"),
                "network": shown(request.address),
                "at": t.moment(request.created_at),
                "is_same_network": here.network == there.network,
            },
            choices=request.choices,
            person=self._person(session.account_id),
        )

    def _page(self, exchange: Exchange, state: str, **values: Any) -> WireResponse:
        empty: dict[str, Any] = {"csrf_token": "", "client": None, "asked": None, "choices": (), "person": None}
        return self._desk.page("qr_answer", exchange, state=state, **{**empty, **values})


def _number(form: Form) -> int:
    text = first(form, "qr-number")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else 0  # noqa: PLR2004 - two digits
