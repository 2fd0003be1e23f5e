"""``/account/contacts``: how the person can be reached. A new address counts once the code that was sent there has been typed back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.authn.factors.sent_code import CodesByChannel
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.endpoints.steps.way import again, wait
from idp.errors import Conflict, DomainError, NotFound, Refused, Throttled
from idp.flows.contacts import ContactFlow
from idp.model.message import Channel
from idp.model.notice import Detail, Topic
from idp.model.session import Session
from idp.ports.notices import Notices
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.contacts import COLUMN, ContactReader
from idp.web.i18n import Translator, translator

PATH: Final = "/account/contacts"
_CSRF: Final = "contacts"
_NOTICES: Final = frozenset({"changed", "sent", "removed"})
_PROBLEMS: Final[Mapping[str, str]] = {
    "invalid_input": "contacts.malformed",
    "contact_unchanged": "contacts.unchanged",
    "wrong_code": "contacts.wrong",
    "no_code": "contacts.no_code",
    "code_spent": "contacts.no_code",
    "code_used_up": "contacts.used_up",
    "conflict": "contacts.conflict",
    "no_verified_contact": "contacts.unavailable",
    "contact_in_use": "contacts.in_use",
}
"""What the person is told for an error's reason; any other one is an error page."""

LevelOfChanges = Callable[[str], str]
"""Takes an account id and returns the level at which its person must have signed in to change this."""


class ContactPages:
    """The page and its forms; all of them want a fresh sign-in, at the level that the account's factors reach."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        flow: ContactFlow,
        reader: ContactReader,
        factors: Mapping[Channel, CodesByChannel],
        notices: Notices,
        channels: frozenset[Channel],
        level: LevelOfChanges,
        fresh: int,
        patience: int,
    ) -> None:
        """Take collaborators; ``channels`` are those that can send, ``fresh`` are the seconds since the sign-in.

        ``patience`` are the seconds for which a code lives.
        """
        self._desk = desk
        self._door = door
        self._flow = flow
        self._reader = reader
        self._factors = factors
        self._notices = notices
        self._channels = channels
        self._level = level
        self._fresh = fresh
        self._patience = patience
        self._acts = {
            "change": self._begun,
            "again": self._sent_again,
            "confirm": self._confirmed,
            "codes": self._codes_on,
        }

    def show(self, wire: WireRequest) -> WireResponse:
        """Show both addresses, and what waits for its code."""
        exchange = self._desk.exchange(wire)
        admitted = self._admitted(exchange)
        if isinstance(admitted, WireResponse):
            return admitted
        try:
            notice = query_parameters(wire).get("notice", "")
        except ProtocolError:
            notice = ""
        return self._page(exchange, admitted, notice=notice if notice in _NOTICES else "")

    def act(self, wire: WireRequest, channel: str, what: str) -> WireResponse:
        """Take one of the forms."""
        exchange = self._desk.exchange(wire)
        # What was begun freshly may be ended as long as its code lives: a slow message costs nobody another sign-in.
        admitted = self._admitted(exchange, self._patience if what in {"again", "confirm"} else 0)
        if isinstance(admitted, WireResponse):
            return admitted
        try:
            chosen, act = self._channel(channel), self._acts.get(what)
            if act is None:
                raise NotFound("there is no such form")
            form = self._desk.form(exchange, _CSRF)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)
        try:
            act(exchange, admitted, chosen, form)
        except DomainError as error:
            return self._refused(exchange, admitted, chosen, error, first(form, COLUMN[chosen]))
        if what == "codes":
            # Not back here: with one factor more this page asks for more, and nobody should need a code because he turned codes on.
            return redirect("/account?notice=codes_on")
        return redirect(f"{PATH}?notice={'changed' if what == 'confirm' else 'sent'}#{chosen.value}")

    def removal(self, wire: WireRequest, channel: str) -> WireResponse:
        """Say what it means to take an address away, then take it."""
        exchange = self._desk.exchange(wire)
        chosen = next((one for one in Channel if one.value == channel), None)
        admitted = self._admitted(exchange, back=f"{PATH}/{chosen.value}/remove" if chosen is not None else PATH)
        if isinstance(admitted, WireResponse):
            return admitted
        try:
            address = self._reader.of(admitted.account_id).known.get(chosen, "") if chosen is not None else ""
            if chosen is None or not address:
                raise NotFound("there is no such address")
            if not exchange.is_post:
                return self._removal_page(exchange, admitted, chosen, address)
            self._desk.form(exchange, _CSRF)
            has_factor = self._factors[chosen].is_on
            self._flow.remove(admitted, chosen, has_factor=has_factor, case_code=wire.case_code)
        except (Refused, Conflict) as error:
            return self._refused(exchange, admitted, chosen or Channel.MAIL, error, "")
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)
        return redirect(f"{PATH}?notice=removed")

    def _removal_page(self, exchange: Exchange, session: Session, channel: Channel, address: str) -> WireResponse:
        contacts = self._reader.of(session.account_id)
        return self._desk.page(
            "contact_removal",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            channel=channel.value,
            column=COLUMN[channel],
            address=translator(exchange.language).phone(address),
            is_in_use=bool(self._factors[channel].enrolled(session.account_id)),
            is_last=not any(one in contacts.verified for one in Channel if one is not channel),
        )

    def _refused(
        self, exchange: Exchange, session: Session, channel: Channel, error: DomainError, typed: str
    ) -> WireResponse:
        """Show the page again with what the person can put right; anything else is an error page."""
        t = translator(exchange.language)
        if isinstance(error, Throttled):
            page = self._page(exchange, session, at=channel, problem=wait(t, error, "sent_code.throttled"))
            return again(page, 429, error.retry_after)
        if error.code not in _PROBLEMS:
            return self._desk.refused(exchange.wire, error)
        key = _PROBLEMS[error.code]
        problem = t.either(key, f"{key}_{channel.value}")
        return self._page(exchange, session, at=channel, problem=problem, typed=typed)

    def _begun(self, exchange: Exchange, session: Session, channel: Channel, form: Form) -> None:
        wire, language = exchange.wire, exchange.language
        self._flow.begin(session, channel, first(form, COLUMN[channel]), wire.address, language, wire.case_code)

    def _sent_again(self, exchange: Exchange, session: Session, channel: Channel, _form: Form) -> None:
        wire = exchange.wire
        self._flow.again(session, channel, wire.address, exchange.language, wire.case_code)

    def _confirmed(self, exchange: Exchange, session: Session, channel: Channel, form: Form) -> None:
        self._flow.confirm(session, channel, first(form, "otp"), exchange.wire.case_code)

    def _codes_on(self, exchange: Exchange, session: Session, channel: Channel, _form: Form) -> None:
        """Let codes go to the verified address: a factor is added, and the person told by another channel."""
        factor, account = self._factors[channel], session.account_id
        if not factor.enrolled(account):
            factor.enrol(account, actor=f"account:{account}", case_code=exchange.wire.case_code)
            self._notices.tell(account, Topic.FACTOR_ADDED, Detail(factor.name, channel=channel.value))

    def _admitted(self, exchange: Exchange, patience: int = 0, back: str = PATH) -> Session | WireResponse:
        """Return the session if it may change this. Who is not signed in at all is asked to first, at whatever level."""
        age = self._fresh + patience
        session = self._door.admit(exchange, back, max_age=age)
        if isinstance(session, WireResponse):
            return session
        return self._door.admit(exchange, back, minimum_acr=self._level(session.account_id), max_age=age)

    def _channel(self, name: str) -> Channel:
        found = next((one for one in Channel if one.value == name), None)
        if found is None or found not in self._channels:
            raise NotFound("there is no such channel, or it cannot send")
        return found

    def _page(
        self,
        exchange: Exchange,
        session: Session,
        *,
        notice: str = "",
        at: Channel | None = None,
        problem: str = "",
        typed: str = "",
    ) -> WireResponse:
        t = translator(exchange.language)
        contacts = self._reader.of(session.account_id)
        rows = [
            self._row(t, session, channel, contacts.known.get(channel, ""), is_verified=channel in contacts.verified)
            for channel in Channel
        ]
        return self._desk.page(
            "contacts",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            rows=rows,
            notice=notice,
            at=at.value if at is not None else "",
            problem=problem,
            typed=typed[:254],
        )

    def _row(
        self, t: Translator, session: Session, channel: Channel, address: str, *, is_verified: bool
    ) -> dict[str, Any]:
        waiting = self._flow.waiting(session, channel) if channel in self._channels else None
        factor = self._factors[channel]
        has_codes = is_verified and bool(factor.enrolled(session.account_id))
        return {
            "channel": channel.value,
            "column": COLUMN[channel],
            "address": t.phone(address),
            "is_verified": is_verified,
            "can_send": channel in self._channels,
            "waiting": t.phone(waiting.address) if waiting is not None else "",
            "sent": t.moment(waiting.sent.sent_at) if waiting is not None else "",
            "has_codes": has_codes,
            "may_have_codes": is_verified and factor.is_on and not has_codes,
        }
