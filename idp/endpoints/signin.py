"""``/signin/<transaction>``: one address for every step; the dispatcher says which page is due, and every form comes back here.

A form that does not belong to the step that is due (the back button, a second tab) changes nothing: the browser is shown the step that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from clients.model import Client
from idp.endpoints.consent import ConsentPage, shown_elsewhere
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.errors import Busy, DomainError, InvalidInput, NotFound, Refused, Throttled
from idp.flows.dispatcher import Decision, Facts, Step
from idp.flows.pending import Held, PendingRequests
from idp.flows.sign_in import SignedIn, SignInFlow
from idp.model.session import Session
from idp.protocol.authorization.decoupled import DecoupledAnswers
from idp.protocol.authorization.endpoint import AuthorizationEndpoint
from idp.protocol.errors import AccessDenied, ProtocolError, UnmetAuthenticationRequirements
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from idp.web.render import form_action

PersonView = Callable[[str], Mapping[str, str]]
"""Takes an account id and returns ``name`` and masked ``code`` for pages."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a transaction: what is due, and why."""

    exchange: Exchange
    held: Held
    step: Step
    reason: str
    facts: Facts | None
    decision: Decision | None

    @property
    def client(self) -> Client | None:
        """Return the department that asks, None for our own pages."""
        return self.facts.client if self.facts is not None else None


class SignInPages:
    """Shows and takes the steps of a transaction."""

    def __init__(
        self,
        desk: Desk,
        flow: SignInFlow,
        endpoint: AuthorizationEndpoint,
        decoupled: DecoupledAnswers,
        pending: PendingRequests,
        sessions: SessionService,
        consent: ConsentPage,
        person: PersonView,
        departments: Departments,
        state: Callable[[Session], tuple[tuple[str, str], ...]],
    ) -> None:
        """Take collaborators; ``state`` returns the cookies that go with a new session."""
        self._state = state
        self._desk = desk
        self._flow = flow
        self._endpoint = endpoint
        self._decoupled = decoupled
        self._pending = pending
        self._sessions = sessions
        self._consent = consent
        self._person = person
        self._departments = departments
        self._show: Mapping[Step, Callable[[Visit], WireResponse]] = {
            Step.SIGN_IN: self._show_sign_in,
            Step.SET_PASSWORD: self._show_password,
            Step.STEP_UP: self._show_otp,
            Step.CHOOSE_ACCOUNT: self._show_choice,
            Step.CONSENT: self._show_consent,
        }
        self._take: Mapping[Step, tuple[tuple[str, ...], Callable[[Visit, Form], WireResponse]]] = {
            Step.SIGN_IN: (("identity_code",), self._take_sign_in),
            Step.SET_PASSWORD: (("new_password",), self._take_password),
            Step.STEP_UP: (("otp",), self._take_otp),
            Step.CHOOSE_ACCOUNT: (("account-continue", "account-other"), self._take_choice),
            Step.CONSENT: (("consent-allow", "consent-deny"), self._take_consent),
        }

    def handle(self, wire: WireRequest, transaction: str) -> WireResponse:
        """Show the step that is due, or take its form."""
        try:
            visit = self._visit(wire, transaction)
            if visit.step is Step.ANSWER:
                return self._answer(visit)
            if visit.step is Step.UNMET:
                error = UnmetAuthenticationRequirements(
                    "the requested authentication cannot be reached", reason=visit.reason
                )
                return self._told(visit, error)
            if not visit.exchange.is_post:
                return self._show[visit.step](visit)
            form = self._desk.form(visit.exchange, transaction)
            marks, take = self._take[visit.step]
            if not any(mark in form for mark in marks):
                return redirect(f"/signin/{transaction}")
            return take(visit, form)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _visit(self, wire: WireRequest, transaction: str) -> Visit:
        exchange = self._desk.exchange(wire)
        held = self._pending.get(transaction, None if exchange.is_new_browser else exchange.binding)
        request = held.pending.request
        if request is None:
            return self._own_visit(exchange, held)
        exchange = self._desk.exchange(wire, request.ui_locales)
        decision, facts = self._endpoint.look(held.pending, exchange.session_secret)
        return Visit(exchange, held, decision.step, decision.reason, facts, decision)

    def _own_visit(self, exchange: Exchange, held: Held) -> Visit:
        """A sign-in to our own pages asks for nothing but a session."""
        if held.pending.password_account:
            return Visit(exchange, held, Step.SET_PASSWORD, "must_change", None, None)
        session = self._sessions.of_cookie(exchange.session_secret)
        return Visit(exchange, held, Step.SIGN_IN if session is None else Step.ANSWER, "no_session", None, None)

    def _answer(self, visit: Visit) -> WireResponse:
        pending = visit.held.pending
        if visit.facts is None:
            self._pending.claim(pending.id)
            return redirect(pending.return_to or "/account")
        answer = self._ending(visit).complete(visit.facts)
        if answer is None:
            raise NotFound("the transaction was used up by another request", code="expired_transaction")
        return answer

    def _told(self, visit: Visit, error: ProtocolError) -> WireResponse:
        answer = self._ending(visit).fail(visit.held.pending, error, visit.exchange.wire)
        if answer is None:
            raise NotFound("the transaction was used up by another request", code="expired_transaction")
        return answer

    def _ending(self, visit: Visit) -> AuthorizationEndpoint | DecoupledAnswers:
        return self._decoupled if visit.held.pending.decoupled else self._endpoint

    def _next(self, visit: Visit, signed_in: SignedIn | None = None) -> WireResponse:
        cookies = self._desk.cookies
        made: tuple[tuple[str, str], ...] = ()
        if signed_in is not None:
            made = (cookies.make(cookies.session, signed_in.secret), *self._state(signed_in.session))
        return redirect(f"/signin/{visit.held.pending.id}", made)

    def _page(self, template: str, visit: Visit, **values: object) -> WireResponse:
        pending = visit.held.pending
        request = pending.request
        origins = form_action(request.redirect_uri) if request is not None and request.redirect_uri else ()
        client = self._departments.view(visit.client, visit.exchange.language)
        token = self._desk.csrf_token(visit.exchange, pending.id)
        return self._desk.page(template, visit.exchange, origins=origins, client=client, csrf_token=token, **values)

    def _show_sign_in(self, visit: Visit, problem: str = "", code: str = "") -> WireResponse:
        request = visit.held.pending.request
        shown = code or (request.login_hint if request is not None else None) or ""
        return self._page("signin", visit, problem=problem, reason=visit.reason, identity_code=shown)

    def _take_sign_in(self, visit: Visit, form: Form) -> WireResponse:
        code, password = first(form, "identity_code"), first(form, "password")
        t = translator(visit.exchange.language)
        current = self._sessions.of_cookie(visit.exchange.session_secret)
        wire = visit.exchange.wire
        if not code or not password:
            return self._show_sign_in(visit, t("signin.missing"), code)
        try:
            origin = visit.exchange.origin
            signed_in = self._flow.with_password(visit.held, code, password, origin, current, wire.case_code)
        except Throttled as error:
            return self._again(self._show_sign_in(visit, _wait(t, error), code), 429, error.retry_after)
        except Busy as error:
            return self._again(self._show_sign_in(visit, t("signin.busy"), code), 503, error.retry_after)
        except Refused:
            return self._show_sign_in(visit, t("signin.wrong"), code)
        return self._next(visit, signed_in)

    def _show_password(self, visit: Visit, problem: str = "") -> WireResponse:
        return self._page("password", visit, problem=problem)

    def _take_password(self, visit: Visit, form: Form) -> WireResponse:
        t = translator(visit.exchange.language)
        password = first(form, "new_password")
        if password != first(form, "new_password_again"):
            return self._show_password(visit, t("password.mismatch"))
        current = self._sessions.of_cookie(visit.exchange.session_secret)
        try:
            signed_in = self._flow.with_new_password(visit.held, password, visit.exchange.origin, current)
        except InvalidInput as error:
            is_same = error.code == "password_unchanged"
            return self._show_password(visit, t("password.unchanged" if is_same else "password.refused"))
        return self._next(visit, signed_in)

    def _show_otp(self, visit: Visit, problem: str = "") -> WireResponse:
        return self._page("otp", visit, problem=problem)

    def _take_otp(self, visit: Visit, form: Form) -> WireResponse:
        t = translator(visit.exchange.language)
        session = self._sessions.of_cookie(visit.exchange.session_secret)
        wire = visit.exchange.wire
        if session is None:
            return self._next(visit)
        try:
            code, origin = first(form, "otp"), visit.exchange.origin
            signed_in = self._flow.with_one_time_code(session, code, origin, wire.case_code)
        except Throttled as error:
            return self._again(self._show_otp(visit, _wait(t, error)), 429, error.retry_after)
        except Refused:
            return self._show_otp(visit, t("otp.wrong"))
        return self._next(visit, signed_in)

    def _show_choice(self, visit: Visit) -> WireResponse:
        session = self._sessions.of_cookie(visit.exchange.session_secret)
        if session is None:
            return self._next(visit)
        return self._page("choose", visit, person=self._person(session.account_id))

    def _take_choice(self, visit: Visit, form: Form) -> WireResponse:
        if "account-continue" in form:
            self._pending.change(visit.held, account_chosen=True)
            return self._next(visit)
        session = self._sessions.of_cookie(visit.exchange.session_secret)
        if session is not None:
            self._sessions.end(session, "other_account", f"account:{session.account_id}")
        cookies = self._desk.cookies
        return redirect(f"/signin/{visit.held.pending.id}", (cookies.drop(cookies.session), cookies.make_state("")))

    def _show_consent(self, visit: Visit) -> WireResponse:
        if visit.facts is None or visit.decision is None:
            raise NotFound("there is nothing to agree to", code="expired_transaction")
        pending, language = visit.held.pending, visit.exchange.language
        values = self._consent.values(visit.facts, visit.decision, language)
        elsewhere = shown_elsewhere(language, self._decoupled.waiting(pending)) if pending.decoupled else None
        return self._page("consent", visit, elsewhere=elsewhere, **values)

    def _take_consent(self, visit: Visit, form: Form) -> WireResponse:
        if visit.facts is None:
            raise NotFound("there is nothing to agree to", code="expired_transaction")
        if "consent-deny" in form:
            return self._told(visit, AccessDenied("the person declined", reason="declined"))
        self._consent.give(visit.facts, form.get("claim", ()))
        self._pending.change(visit.held, consented=True)
        return self._next(visit)

    @staticmethod
    def _again(page: WireResponse, status: int, retry_after: int) -> WireResponse:
        return WireResponse(status, (*page.headers, ("Retry-After", str(retry_after))), page.body)


_MINUTE: Final = 60


def _wait(t: Callable[..., str], error: Throttled) -> str:
    return t("signin.throttled", minutes=max(1, -(-error.retry_after // _MINUTE)))
