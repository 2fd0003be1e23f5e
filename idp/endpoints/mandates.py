"""``/account/mandates``: what I hold and was offered, whom I appointed, as whom I act now."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.endpoints.mandate_views import MandateViews
from idp.errors import DomainError, NotFound
from idp.model.mandate import Mandate
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.mandates import MandateService
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from policies.mandate_kinds import PERSON
from policies.mandates import ACCEPTED, PROPOSED

HOME: Final = "/account/mandates"
FRESH: Final = 900
"""Seconds since the sign-in within which somebody may take on or end a mandate."""
_CSRF: Final = "mandates"
_NOTICES: Final = frozenset({"proposed", "accepted", "declined", "revoked", "switched"})
_ID: Final = re.compile(r"[0-9a-z]{26}")


@dataclass(frozen=True, slots=True)
class MandateServices:
    """What the pages act through."""

    mandates: MandateService
    sessions: SessionService
    views: MandateViews


class MandatePages:
    """The person's own pages about mandates."""

    def __init__(self, desk: Desk, door: Door, services: MandateServices) -> None:
        """Take collaborators."""
        self._desk = desk
        self._door = door
        self._mandates = services.mandates
        self._sessions = services.sessions
        self._views = services.views

    def home(self, wire: WireRequest) -> WireResponse:
        """Show everything that names the person, and as whom he acts."""
        exchange = self._desk.exchange(wire)
        session = self._door.admit(exchange, HOME)
        if isinstance(session, WireResponse):
            return session
        t, me = translator(exchange.language), session.account_id
        held, given = self._mandates.of_actor(me), self._mandates.given_by(me)
        for_me = [one for one in self._mandates.of_principal(me) if one.id not in {other.id for other in given}]
        usable = self._mandates.usable(me)
        return self._desk.page(
            "mandates",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            notice=_notice(wire),
            options=[self._views.option(t, one) for one in usable],
            current=session.capacity or PERSON,
            person=self._views.person(me),
            held=[self._views.row(t, one, me) for one in held],
            given=[self._views.row(t, one, me) for one in (*given, *for_me)],
            may_appoint=any(one.mandate.may_delegate for one in usable),
        )

    def switch(self, wire: WireRequest) -> WireResponse:
        """Remember as whom the person acts from now on; no new sign-in."""
        return self._act(wire, HOME, self._switched)

    def one(self, wire: WireRequest, mandate_id: str) -> WireResponse:
        """Show one mandate, and take the person's answer to it or its end."""
        if _ID.fullmatch(mandate_id) is None:
            return self._desk.refused(wire, NotFound("no such mandate"))
        exchange = self._desk.exchange(wire)
        here = f"{HOME}/{mandate_id}"
        session = self._door.admit(exchange, here, max_age=FRESH)
        if isinstance(session, WireResponse):
            return session
        try:
            mandate = self._visible(mandate_id, session.account_id)
            if exchange.is_post:
                return self._answered(mandate, session, self._desk.form(exchange, _CSRF))
            return self._shown(exchange, mandate, session)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _act(
        self, wire: WireRequest, here: str, act: Callable[[Exchange, Session, Form], WireResponse]
    ) -> WireResponse:
        exchange = self._desk.exchange(wire)
        session = self._door.admit(exchange, here)
        if isinstance(session, WireResponse):
            return session
        try:
            return act(exchange, session, self._desk.form(exchange, _CSRF))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _switched(self, exchange: Exchange, session: Session, form: Form) -> WireResponse:
        chosen = first(form, "capacity")
        if chosen not in {PERSON, *(one.mandate.id for one in self._mandates.usable(session.account_id))}:
            raise NotFound("the person holds no such mandate")
        self._sessions.choose(session, chosen, exchange.wire.case_code)
        return redirect(f"{HOME}?notice=switched")

    def _visible(self, mandate_id: str, account_id: str) -> Mandate:
        """To anybody but those whom it concerns a mandate does not exist."""
        mandate = self._mandates.get(mandate_id)
        if account_id in {mandate.actor_id, mandate.principal_id}:
            return mandate
        if mandate.id in {one.id for one in self._mandates.given_by(account_id)}:
            return mandate
        raise NotFound("no such mandate")

    def _shown(self, exchange: Exchange, mandate: Mandate, session: Session) -> WireResponse:
        t, me = translator(exchange.language), session.account_id
        is_mine = mandate.actor_id == me
        evidence: dict[str, Any] = {
            "kind": t(f"mandate.evidence_{mandate.evidence_kind}"),
            "text": self._views.evidence(mandate),
        }
        return self._desk.page(
            "mandate",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            row=self._views.row(t, mandate, me),
            evidence=evidence,
            may_answer=is_mine and mandate.state == PROPOSED,
            may_end=mandate.state == ACCEPTED or (mandate.state == PROPOSED and not is_mine),
        )

    def _answered(self, mandate: Mandate, session: Session, form: Form) -> WireResponse:
        me = session.account_id
        if "mandate-accept" in form:
            self._mandates.accept(mandate.id, me)
            return redirect(f"{HOME}?notice=accepted")
        if "mandate-decline" in form:
            self._mandates.decline(mandate.id, me)
            return redirect(f"{HOME}?notice=declined")
        if "mandate-revoke" in form:
            self._mandates.revoke(mandate.id, me, reason="by_person")
            return redirect(f"{HOME}?notice=revoked")
        return redirect(f"{HOME}/{mandate.id}")


def _notice(wire: WireRequest) -> str:
    try:
        notice = query_parameters(wire).get("notice", "")
    except ProtocolError:
        return ""
    return notice if notice in _NOTICES else ""
