"""``/account/mandates/new``: who represents a business appoints somebody, within what he holds himself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from idp.clock import VIETNAM, Clock
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.endpoints.mandate_views import MandateViews
from idp.endpoints.mandates import FRESH, HOME
from idp.errors import DomainError, InvalidInput, NotFound, Refused, Throttled
from idp.flows.hourly import HourlyLimit
from idp.model.account import Account
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.session import Session
from idp.ports.mandates import LiveMandate
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.audit import AuditLog
from idp.services.mandate_drafts import Draft
from idp.services.mandates import MandateService
from idp.web.i18n import translator
from policies.assurance import LOA_2
from policies.mandate_kinds import DELEGATE, KINDS
from policies.mandates import ALL_PROCEDURES, latest_end

AN_HOUR: Final = 20
"""Appointments that one person may try: a form that takes codes must not be a list of who has an account."""
_PATH: Final = f"{HOME}/new"
_CSRF: Final = "mandates-new"
_DAY: Final = 86400
_SPLIT: Final = re.compile(r"[\s,;]+")
_FIELDS: Final = ("held", "identity_code", "procedures", "until", "evidence_kind", "evidence", "may_delegate")
_OWN_FAULTS: Final = frozenset(
    {
        "procedures_malformed",
        "more_procedures",
        "dates_wrong",
        "too_long",
        "longer_than_held",
        "chain_too_long",
        "to_oneself",
    }
)
"""What may be said: the giver's own mistakes. Everything about the other person is one answer, known or unknown."""

FindPerson = Callable[[str], Account | None]


class AppointingPages:
    """The form and its answer; both need two factors and a sign-in of a moment ago."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        mandates: MandateService,
        views: MandateViews,
        find: FindPerson,
        limit: HourlyLimit,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``find`` returns the account of a typed code."""
        self._clock = clock
        self._desk = desk
        self._door = door
        self._mandates = mandates
        self._views = views
        self._find = find
        self._limit = limit
        self._audit = audit

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the form, or propose what it says."""
        exchange = self._desk.exchange(wire)
        session = self._door.admit(exchange, _PATH, minimum_acr=LOA_2, max_age=FRESH)
        if isinstance(session, WireResponse):
            return session
        try:
            held = [one for one in self._mandates.usable(session.account_id) if one.mandate.may_delegate]
            if not held:
                raise NotFound("the person may appoint nobody")
            if not exchange.is_post:
                return self._form(exchange, held, {})
            return self._taken(exchange, session, held, self._desk.form(exchange, _CSRF))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _form(self, exchange: Exchange, held: list[LiveMandate], form: Form, problem: str = "") -> WireResponse:
        t = translator(exchange.language)
        return self._desk.page(
            "mandate_new",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            held=[self._views.option(t, one) for one in held],
            evidence_kinds=KINDS[DELEGATE].evidence,
            given={name: first(form, name) for name in _FIELDS},
            problem=problem,
        )

    def _taken(self, exchange: Exchange, session: Session, held: list[LiveMandate], form: Form) -> WireResponse:
        t = translator(exchange.language)
        chosen = next((one for one in held if one.mandate.id == first(form, "held")), None)
        if chosen is None:
            return self._form(exchange, held, form, t("mandates.refused_held"))
        wait = self._limit.count(session.account_id)
        if wait:
            raise Throttled("too many appointments within an hour", retry_after=wait)
        try:
            draft = self._draft(chosen, session, form, exchange.wire.case_code)
            self._mandates.propose(draft, session.account_id)
        except InvalidInput as error:
            return self._form(exchange, held, form, t.either(f"mandates.refused_{error.code}", "mandates.refused"))
        except Refused as error:
            code = error.code if error.code in _OWN_FAULTS else ""
            return self._form(exchange, held, form, t.either(f"mandates.refused_{code}", "mandates.refused"))
        return redirect(f"{HOME}?notice=proposed")

    def _draft(self, chosen: LiveMandate, session: Session, form: Form, case_code: str) -> Draft:
        mine, account = chosen.mandate, self._find(first(form, "identity_code").strip()[:64])
        now = self._clock.now()
        end = min(mine.valid_to, latest_end(DELEGATE, now))
        wanted = tuple(dict.fromkeys(one for one in _SPLIT.split(first(form, "procedures").strip()) if one))
        until = _last_moment(first(form, "until"))
        if account is None:
            self._unknown(session, mine.principal_id, case_code)
            raise Refused("nobody has this code", code="party_unknown")
        return Draft(
            DELEGATE,
            mine.principal_id,
            account.id,
            first(form, "evidence_kind"),
            first(form, "evidence").strip(),
            wanted or mine.procedures or (ALL_PROCEDURES,),
            mine.unit_code,
            now,
            end if until is None else until,
            bool(first(form, "may_delegate")),
        )

    def _unknown(self, session: Session, principal_id: str, case_code: str) -> None:
        self._audit.write(
            AuditEvent(
                Event.MANDATE_PROPOSE,
                Outcome.REFUSED,
                "party_unknown",
                actor=f"account:{session.account_id}",
                account_id=principal_id,
                case_code=case_code,
            )
        )


def _last_moment(text: str) -> int | None:
    """Return the end of a day as the form sends it; None where none was given."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInput("must be a day", code="dates_wrong", field="until") from error
    return int(datetime(day.year, day.month, day.day, tzinfo=VIETNAM).timestamp()) + _DAY
