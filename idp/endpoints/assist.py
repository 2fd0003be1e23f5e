"""``/assist``: an official begins and ends the assistance of a citizen who is there. To everybody without the duty the page does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlencode

from clients.model import Client
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.endpoints.mandate_views import MandateViews
from idp.endpoints.signed_out import SignedOutPage
from idp.errors import DomainError, InvalidInput, NotFound, Refused
from idp.flows.assisting import Assisting, Counter, is_enough
from idp.model.session import Session
from idp.ports.duties import Duty
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from idp.web.render import form_action
from policies.assurance import LOA_2, rank
from policies.mandate_kinds import ASSIST, ASSISTED, KINDS

PATH: Final = "/assist"
_CSRF: Final = "assist"
_FIELDS: Final = ("identity_code", "document", "number", "purpose", "client", "unit")
_SAID: Final = frozenset(
    {
        *("citizen_unknown", "document_mismatch", "party_not_active", "for_oneself", "level_out_of_reach"),
        *("purpose_missing", "document_missing"),
    }
)
"""What the clerk is told: he has the person and the document before him."""


class AssistPages:
    """The form, the running assistance, and its end."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        sessions: SessionService,
        assisting: Assisting,
        departments: Departments,
        clients: Callable[[], Iterable[Client]],
        views: MandateViews,
        state: Callable[[Session], tuple[tuple[str, str], ...]],
        issuer: str,
        goodbye: SignedOutPage,
    ) -> None:
        """Take collaborators; ``clients`` returns all departments' systems, ``state`` the cookies that go with a new session."""
        self._desk = desk
        self._door = door
        self._sessions = sessions
        self._assisting = assisting
        self._departments = departments
        self._clients = clients
        self._views = views
        self._state = state
        self._issuer = issuer
        self._goodbye = goodbye

    def handle(self, wire: WireRequest) -> WireResponse:
        """Show the form, or what is running; begin."""
        exchange = self._desk.exchange(wire)
        current = self._sessions.any_of_cookie(exchange.session_secret)
        try:
            if current is not None and current.is_assisted:
                return self._running(exchange, current)
            if current is None and (back := self._clerks_own(exchange)) is not None:
                # The quarter of an hour is over: the clerk goes on as himself.
                return redirect(PATH, back)
            session = self._door.admit(exchange, PATH, minimum_acr=LOA_2)
            if isinstance(session, WireResponse):
                return session
            duties = self._assisting.duties(session)
            if not duties:
                raise NotFound("the person has no duty to assist")
            if not exchange.is_post:
                return self._form(exchange, session, duties, {})
            return self._begun(exchange, session, duties, self._desk.form(exchange, _CSRF))
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def end(self, wire: WireRequest) -> WireResponse:
        """End the assistance and give the browser back to the clerk."""
        exchange = self._desk.exchange(wire)
        try:
            self._desk.form(exchange, _CSRF)
            current = self._sessions.any_of_cookie(exchange.session_secret)
            if current is not None and current.is_assisted:
                self._assisting.end(current, exchange.origin, wire.case_code)
            elif current is not None:
                return redirect(PATH)
            cookies = self._desk.cookies
            gone = (cookies.drop(cookies.session), cookies.drop(cookies.clerk), cookies.make_state(""))
            return self._goodbye.onward(exchange, current, PATH, self._clerks_own(exchange) or gone)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _clerks_own(self, exchange: Exchange) -> tuple[tuple[str, str], ...] | None:
        cookies = self._desk.cookies
        secret = cookies.read(exchange.wire.header("cookie"), cookies.clerk)
        session = self._sessions.of_cookie(secret)
        if secret is None or session is None:
            return None
        return (cookies.make(cookies.session, secret), cookies.drop(cookies.clerk), *self._state(session))

    def _form(
        self, exchange: Exchange, session: Session, duties: list[Duty], form: Form, problem: str = ""
    ) -> WireResponse:
        systems = self._systems()
        origins = {origin for one in systems for origin in form_action(one.initiate_login_uri or "")}
        return self._desk.page(
            "assist",
            exchange,
            origins=tuple(sorted(origins)),
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            documents=KINDS[ASSIST].evidence,
            systems=[(one.client_id, self._departments.view(one, exchange.language), _beyond(one)) for one in systems],
            units=[(one.unit, self._views.unit(one.unit, session.last_seen_at)) for one in duties],
            given={name: first(form, name) for name in _FIELDS},
            problem=problem,
        )

    def _systems(self) -> list[Client]:
        """Return the systems that take assisted people and can be opened from here."""
        return sorted(
            (one for one in self._clients() if one.is_active and ASSISTED in one.capacities and one.initiate_login_uri),
            key=lambda one: one.client_id,
        )

    def _begun(self, exchange: Exchange, session: Session, duties: list[Duty], form: Form) -> WireResponse:
        t = translator(exchange.language)
        client = next((one for one in self._systems() if one.client_id == first(form, "client")), None)
        unit = first(form, "unit") or duties[0].unit
        if client is None or not first(form, "present"):
            return self._form(exchange, session, duties, form, t("assist.incomplete"))
        typed = {name: first(form, name).strip() for name in _FIELDS}
        counter = Counter(
            *(
                typed["identity_code"][:64],
                typed["document"],
                typed["number"],
                typed["purpose"],
                client.client_id,
                unit,
            ),
            floor=client.minimum_acr or "",
        )
        try:
            begun = self._assisting.begin(session, counter, exchange.origin, exchange.wire.case_code)
        except (Refused, InvalidInput) as error:
            known = error.code if error.code in _SAID else "other"
            return self._form(exchange, session, duties, form, t(f"assist.refused_{known}"))
        cookies = self._desk.cookies
        made = (
            cookies.make(cookies.clerk, exchange.session_secret or ""),
            cookies.make(cookies.session, begun.secret),
            *self._state(begun.session),
        )
        return redirect(self._start(client), made)

    def _start(self, client: Client) -> str:
        """Return where a department's system begins a sign-in that somebody else asks for (OpenID Connect Core section 4)."""
        uri = client.initiate_login_uri or ""
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': self._issuer})}"

    def _running(self, exchange: Exchange, session: Session) -> WireResponse:
        t = translator(exchange.language)
        mandate = self._assisting.running(session)
        return self._desk.page(
            "assist_running",
            exchange,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
            citizen=self._views.person(mandate.principal_id),
            clerk=self._views.person(mandate.actor_id),
            terms=self._views.terms(t, mandate),
            system=self._departments.name(mandate.client_id, exchange.language),
        )


def _beyond(client: Client) -> int:
    """Return the level that a system demands where an assistance does not reach it, 0 where it does."""
    floor = client.minimum_acr or ""
    return 0 if is_enough(floor) else rank(floor)
