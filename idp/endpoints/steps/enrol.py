"""Enrolling a second factor within a sign-in, where a department demands one and the person has none (off unless the operator turns it on).

What was just enrolled was just proved as well, by a code or by the device: it raises the session at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from idp.authn.factors.passkey import rule_of
from idp.authn.factors.totp import TOTP
from idp.authn.passkeys import LONGEST_NAME, Passkeys
from idp.endpoints.account import browser_name
from idp.endpoints.desk import Form, first
from idp.endpoints.security.authenticator_app import digits, grouped
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import Conflict, InvalidInput, Refused, Throttled
from idp.flows.dispatcher import Step
from idp.flows.factor_changes import FactorChanges, Here
from idp.flows.sign_in import SignInFlow, bound_to
from idp.model.session import Session
from idp.protocol.errors import AccessDenied
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator
from idp.web.qr import picture

PersonView = Callable[[str], Mapping[str, str]]
"""Takes an account id and returns ``name`` and masked ``code`` for pages."""


class EnrolAppWay:
    """``app-form``."""

    step: Final = Step.ENROL
    name: Final = "enrol_app"
    marks: Final = ("code", "enrol-cancel")

    def __init__(self, desk: StepDesk, flow: SignInFlow, changes: FactorChanges, person: PersonView) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow
        self._changes = changes
        self._person = person

    def is_offered(self, _visit: Visit) -> bool:
        """Everybody may have an app."""
        return True

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page with the seed that waits."""
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        enrolment = self._changes.app(_here(visit, session), self._person(session.account_id)["code"])
        return self._desk.page(
            "enrol_app",
            visit,
            picture=picture(enrolment.uri),
            secret=grouped(enrolment.secret),
            uri=enrolment.uri,
            problem=problem,
        )

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Take the first code, and raise the session; raises ``AccessDenied`` for who wants no second factor (either page says so)."""
        if "enrol-cancel" in form:
            raise AccessDenied("the person enrols no second factor", reason="enrolment_declined")
        t = translator(visit.exchange.language)
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        try:
            self._changes.confirm_app(_here(visit, session), digits(form))
        except Throttled as error:
            return again(self.show(visit, wait(t, error)), 429, error.retry_after)
        except Refused:
            return self.show(visit, t("step_up.wrong_totp"))
        return self._desk.go_on(visit, self._flow.raised(session, TOTP, visit.exchange.origin))


class EnrolPasskeyWay:
    """``passkey-form`` that makes one."""

    step: Final = Step.ENROL
    name: Final = "enrol_passkey"
    marks: Final = ("passkey",)

    def __init__(
        self, desk: StepDesk, flow: SignInFlow, changes: FactorChanges, passkeys: Passkeys, person: PersonView
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow
        self._changes = changes
        self._passkeys = passkeys
        self._person = person

    def is_offered(self, _visit: Visit) -> bool:
        """Tell whether devices make passkeys for our address."""
        return self._passkeys.party.is_usable

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        person = self._person(session.account_id)
        options = self._passkeys.creation_options(
            session.account_id, person["code"] or person["name"], person["name"], bound_to(visit.held)
        )
        return self._desk.page("enrol_passkey", visit, options=options, problem=problem)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Enrol what the browser answered, and raise the session."""
        t = translator(visit.exchange.language)
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        origin = visit.exchange.origin
        name = browser_name(origin.browser)[:LONGEST_NAME] or t("security.factor.passkey")
        try:
            here, answer = _here(visit, session), first(form, "passkey")
            made = self._changes.add_passkey(here, answer, bound_to(visit.held), name)
        except (Refused, Conflict, InvalidInput):
            return self.show(visit, t("security.passkey_refused"))
        return self._desk.go_on(visit, self._flow.raised(session, rule_of(is_synced=made.is_synced), origin))


def _here(visit: Visit, session: Session) -> Here:
    exchange = visit.exchange
    return Here(session, exchange.origin, exchange.wire.case_code, exchange.device_secret)
