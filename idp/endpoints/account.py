"""``/account``: what a person sees and can do about their own sessions and consents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.clock import local_day
from idp.endpoints.consent import shown
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, first
from idp.endpoints.door import Door
from idp.endpoints.security.waiting_recovery import moments
from idp.endpoints.signed_out import SignedOutPage
from idp.endpoints.waiting import WaitingRequests
from idp.errors import DomainError, NotFound
from idp.model.account import BEGINNING, DIRECTORY, IMPORT, OPERATOR, SELF
from idp.model.audit import Event
from idp.model.session import Session
from idp.ports.audit import AuditQuery
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.accounts import masked
from idp.services.audit import AuditLog
from idp.services.consents import ConsentService
from idp.services.provenance import Told
from idp.services.recoveries import RecoveryService
from idp.services.sessions import SessionService, SessionView
from idp.web.i18n import Translator, translator
from policies import claims as claim_policy

_CSRF: Final = "account"
_HOME: Final = "/account"
_HISTORY: Final = (
    Event.SIGN_IN,
    Event.STEP_UP,
    Event.SIGN_OUT,
    Event.SESSION_REVOKE,
    Event.ASSIST_BEGIN,
    Event.ASSIST_END,
)
_REPORTABLE: Final = frozenset({Event.SIGN_IN.value, Event.STEP_UP.value})
_HISTORY_LENGTH: Final = 30
_NOTICES: Final = frozenset(
    {"session_ended", "not_me", "withdrawn", "request_approved", "request_declined", "codes_on"}
)
_BROWSERS: Final = (
    ("Edge", re.compile(r"Edg(e|A|iOS)?/")),
    ("Cốc Cốc", re.compile(r"coc_coc")),
    ("Opera", re.compile(r"OPR/")),
    ("Firefox", re.compile(r"Firefox/|FxiOS/")),
    ("Chrome", re.compile(r"Chrom(e|ium)/|CriOS/")),
    ("Safari", re.compile(r"Safari/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"Android")),
    ("iPhone", re.compile(r"iPhone")),
    ("iPad", re.compile(r"iPad")),
    ("Windows", re.compile(r"Windows")),
    ("macOS", re.compile(r"Mac OS X")),
    ("Linux", re.compile(r"Linux")),
)

_OURS: Final = {OPERATOR: "operator", IMPORT: "import", DIRECTORY: "directory", SELF: "self", BEGINNING: "beginning"}
"""Sources that are no upstream, as the languages name them."""

Provenance = Callable[[str], Sequence[Told]]
"""Takes an account id and returns its attributes with who told them."""

UpstreamLabel = Callable[[str, str], str]
"""Takes an upstream's name and a language and returns what people call it."""

OwnerView = Callable[[str], Mapping[str, Any]]
"""Takes an account id and returns ``name``, ``level`` and ``codes`` (each ``scheme`` and ``masked``)."""


@dataclass(frozen=True, slots=True)
class AccountServices:
    """What the pages read and act through."""

    sessions: SessionService
    consents: ConsentService
    audit: AuditLog
    door: Door
    owner: OwnerView
    provenance: Provenance
    upstream_label: UpstreamLabel
    departments: Departments
    waiting: WaitingRequests
    goodbye: SignedOutPage
    recoveries: RecoveryService


class AccountPages:
    """The person's own pages; each needs a live session and starts a sign-in without one."""

    def __init__(self, desk: Desk, services: AccountServices) -> None:
        """Take collaborators."""
        self._desk = desk
        self._services = services

    def home(self, wire: WireRequest) -> WireResponse:
        """Show identity, sessions, consents and history."""
        exchange = self._desk.exchange(wire)
        session = self._services.door.admit(exchange, _HOME)
        if isinstance(session, WireResponse):
            return session
        t = translator(exchange.language)
        notice = _notice(wire)
        return self._desk.page(
            "account",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            person=self._services.owner(session.account_id),
            attributes=[self._attribute(t, one) for one in self._services.provenance(session.account_id)],
            sessions=[
                _session_row(t, view, session) for view in self._services.sessions.of_account(session.account_id)
            ],
            requests=self._services.waiting.rows(t, session.account_id),
            consents=self._consent_rows(t, session.account_id),
            history=self._history(t, session.account_id),
            notice=notice,
            recovery=moments(t, self._services.recoveries, session.account_id),
        )

    def end_session(self, wire: WireRequest) -> WireResponse:
        """End one of the person's own sessions."""
        return self._act(wire, self._end_one)

    def end_all(self, wire: WireRequest) -> WireResponse:
        """End all of the person's sessions, this one too."""
        return self._act(wire, self._end_every)

    def review(self, wire: WireRequest) -> WireResponse:
        """Go to the pages on which a waiting request is answered."""
        return self._act(wire, self._reviewed)

    def withdraw(self, wire: WireRequest, client_id: str) -> WireResponse:
        """Tell the consequences of a withdrawal, and withdraw when the person says so."""
        exchange = self._desk.exchange(wire)
        session = self._services.door.admit(exchange, _HOME)
        if isinstance(session, WireResponse):
            return session
        client = self._services.departments.find(client_id)
        if client is None:
            return self._desk.refused(wire, NotFound("no such client"))
        if not exchange.is_post:
            token = self._desk.csrf_token(exchange, _CSRF)
            return self._desk.page(
                "withdraw",
                exchange,
                csrf_token=token,
                client=self._services.departments.view(client, exchange.language),
            )
        return self._act(wire, lambda _exchange, own, _form: self._withdrawn(own, client_id))

    def _act(
        self, wire: WireRequest, act: Callable[[Exchange, Session, Mapping[str, tuple[str, ...]]], WireResponse]
    ) -> WireResponse:
        exchange = self._desk.exchange(wire)
        session = self._services.door.admit(exchange, _HOME)
        if isinstance(session, WireResponse):
            return session
        try:
            return act(exchange, session, self._desk.form(exchange, _CSRF))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _end_one(self, exchange: Exchange, own: Session, form: Mapping[str, tuple[str, ...]]) -> WireResponse:
        """Only a session of the same account can be named: another person's id is not found."""
        wanted = first(form, "session")
        views = self._services.sessions.of_account(own.account_id)
        session = next((view.session for view in views if view.session.id == wanted), None)
        if session is None:
            raise NotFound("the account has no such live session")
        actor, case = f"account:{own.account_id}", exchange.wire.case_code
        told = self._services.sessions.end(session, "sign_out", actor, case_code=case)
        if session.id == own.id:
            return self._services.goodbye.show(exchange, own, told)
        return redirect("/account?notice=session_ended")

    def _reviewed(self, exchange: Exchange, own: Session, form: Mapping[str, tuple[str, ...]]) -> WireResponse:
        pending = self._services.waiting.begin(own, first(form, "request"), exchange.binding)
        return redirect(f"/signin/{pending.id}")

    def _end_every(self, exchange: Exchange, own: Session, _form: Mapping[str, tuple[str, ...]]) -> WireResponse:
        self._services.sessions.end_all(own.account_id, "sign_out_everywhere", f"account:{own.account_id}")
        # What other browsers keep of the person at departments, back-channel logout alone can reach.
        return self._services.goodbye.show(exchange, own, ())

    def _withdrawn(self, own: Session, client_id: str) -> WireResponse:
        actor = f"account:{own.account_id}"
        if not self._services.consents.withdraw(own.account_id, client_id, actor=actor, reason="withdrawn"):
            raise NotFound("there is no current consent for this client")
        return redirect("/account?notice=withdrawn")

    def _attribute(self, t: Translator, told: Told) -> dict[str, str]:
        """Return an attribute as its person reads it: what it is, its value, who told it and when."""
        name, at = told.source.name, told.source.at
        label = self._services.upstream_label(name, t.language)
        by = t(f"account.told_by.{_OURS.get(name, 'upstream')}", name=label)
        key = "account.told" if at else "account.told_some_time"
        return {
            "name": told.attribute,
            "label": t(
                f"scheme.{told.attribute}" if told.is_code else f"claim.{told.attribute.partition('_formatted')[0]}"
            ),
            "value": masked(told.value) if told.is_code else shown(t, told.attribute, told.value),
            "source": t(key, by=by, day=t.day(local_day(at)) if at else ""),
        }

    def _consent_rows(self, t: Translator, account_id: str) -> list[dict[str, str]]:
        rows = []
        for consent in self._services.consents.of_account(account_id):
            client = self._services.departments.find(consent.client_id)
            names = [t(f"claim.{name}") for name in claim_policy.unpack(consent.claims)]
            rows.append(
                {
                    "client_id": consent.client_id,
                    "name": client.name(t.language) if client is not None else consent.client_id,
                    "kind": consent.kind,
                    "given": t.moment(consent.given_at),
                    "claims": "; ".join(names) or t("consent.nothing"),
                }
            )
        return rows

    def _history(self, t: Translator, account_id: str) -> list[dict[str, Any]]:
        query = AuditQuery(
            account_id=account_id, events=tuple(event.value for event in _HISTORY), limit=_HISTORY_LENGTH
        )
        rows = []
        for row in self._services.audit.search(query):
            private: Any = row["private"]
            where = " · ".join(
                part for part in (private.get("address"), browser_name(private.get("browser", ""))) if part
            )
            rows.append(
                {
                    "when": t.moment(int(str(row["at_us"])) // 1_000_000),
                    "event": row["event"],
                    "is_refused": row["outcome"] == "refused",
                    "record": row["id"] if row["event"] in _REPORTABLE and row["outcome"] == "done" else "",
                    "where": where,
                }
            )
        return rows


def browser_name(agent: str) -> str:
    """Return a browser and system as people name them, from a ``User-Agent``; empty when nothing is recognised."""
    browser = next((name for name, pattern in _BROWSERS if pattern.search(agent)), "")
    system = next((name for name, pattern in _SYSTEMS if pattern.search(agent)), "")
    return ", ".join(part for part in (browser, system) if part)


def _session_row(t: Translator, view: SessionView, own: Session) -> dict[str, Any]:
    return {
        "id": view.session.id,
        "browser": browser_name(view.origin.browser) or t("account.unknown_browser"),
        "address": view.origin.address,
        "started": t.moment(view.session.created_at),
        "seen": t.moment(view.session.last_seen_at),
        "is_current": view.session.id == own.id,
    }


def _notice(wire: WireRequest) -> str:
    try:
        notice = query_parameters(wire).get("notice", "")
    except ProtocolError:
        return ""
    return notice if notice in _NOTICES else ""
