"""Signing in with an identity code and a password, stepping up with it, and setting one's own where one was issued."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.steps.factor_way import FactorWay
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import Busy, InvalidInput, Refused, Throttled
from idp.flows.dispatcher import Step
from idp.flows.sign_in import SignInFlow
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator


class PasswordWay:
    """``login-form``."""

    step: Final = Step.SIGN_IN
    name: Final = "password"
    marks: Final = ("identity_code",)

    def __init__(self, desk: StepDesk, flow: SignInFlow, passkey_options: Callable[[Visit], str]) -> None:
        """Take collaborators; ``passkey_options`` is what the page asks the browser for beside, "" for nothing."""
        self._desk = desk
        self._flow = flow
        self._passkey_options = passkey_options

    def is_offered(self, _visit: Visit) -> bool:
        """Everybody may have a password; whether somebody has one is not told beforehand."""
        return True

    def show(self, visit: Visit, problem: str = "", code: str = "") -> WireResponse:
        """Return the page, with the code that the department hinted at or that was typed."""
        request = visit.held.pending.request
        shown = code or (request.login_hint if request is not None else None) or ""
        options = self._passkey_options(visit)
        return self._desk.page(
            "signin", visit, problem=problem, reason=visit.reason, identity_code=shown, passkey_options=options
        )

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Verify, and start the session."""
        code, password = first(form, "identity_code"), first(form, "password")
        t = translator(visit.exchange.language)
        current = self._desk.session(visit)
        wire = visit.exchange.wire
        if not code or not password:
            return self.show(visit, t("signin.missing"), code)
        try:
            exchange = visit.exchange
            cookies = (exchange.device_secret, exchange.trust_secret)
            signed_in = self._flow.with_password(
                visit.held, code, password, exchange.origin, current, wire.case_code, *cookies
            )
        except Throttled as error:
            return again(self.show(visit, wait(t, error), code), 429, error.retry_after)
        except Busy as error:
            return again(self.show(visit, t("signin.busy"), code), 503, error.retry_after)
        except Refused:
            return self.show(visit, t("signin.wrong"), code)
        return self._desk.go_on(visit, signed_in)


class KnownPasswordWay(FactorWay):
    """``known-password-form``: the person is known already, and what is missing is the password."""

    name: Final = "password"
    marks: Final = ("known_password",)

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("known_password", visit, problem=problem)

    def answer(self, form: Form) -> str:
        """Return what was typed."""
        return first(form, "known_password")


class OwnPasswordWay:
    """The page on which an issued password is replaced by the person's own."""

    step: Final = Step.SET_PASSWORD
    name: Final = "own_password"
    marks: Final = ("new_password",)

    def __init__(self, desk: StepDesk, flow: SignInFlow) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow

    def is_offered(self, _visit: Visit) -> bool:
        """It is the only way."""
        return True

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("password", visit, problem=problem)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Store the password and start the session."""
        t = translator(visit.exchange.language)
        password = first(form, "new_password")
        if password != first(form, "new_password_again"):
            return self.show(visit, t("password.mismatch"))
        current = self._desk.session(visit)
        try:
            signed_in = self._flow.with_new_password(visit.held, password, visit.exchange.origin, current)
        except InvalidInput as error:
            return self.show(visit, t.either(f"password.{error.code}", "password.refused"))
        return self._desk.go_on(visit, signed_in)
