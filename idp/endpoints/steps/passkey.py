"""Signing in and stepping up with a passkey."""

from __future__ import annotations

from typing import Final

from idp.authn.passkeys import Passkeys
from idp.endpoints.desk import Form, first
from idp.endpoints.steps.factor_way import FactorWay
from idp.endpoints.steps.way import StepDesk, Visit
from idp.errors import Refused
from idp.flows.dispatcher import Step
from idp.flows.sign_in import SignInFlow, bound_to
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator


class PasskeyWay:
    """``passkey-form`` in place of code and password; the page of the password offers it too, also within the field of the code."""

    step: Final = Step.SIGN_IN
    name: Final = "passkey"
    marks: Final = ("passkey",)

    def __init__(self, desk: StepDesk, flow: SignInFlow, passkeys: Passkeys) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow
        self._passkeys = passkeys

    def is_offered(self, _visit: Visit) -> bool:
        """Tell whether devices make passkeys for our address; whether somebody has one only the device knows."""
        return self._passkeys.party.is_usable

    def options(self, visit: Visit) -> str:
        """Return what the browser is asked, "" where there are no passkeys."""
        return self._passkeys.request_options(bound_to(visit.held)) if self.is_offered(visit) else ""

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("passkey", visit, problem=problem, options=self.options(visit), is_step_up=False)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Verify, and start the session of whoever the passkey names."""
        current, origin = self._desk.session(visit), visit.exchange.origin
        answer, case_code = first(form, "passkey"), visit.exchange.wire.case_code
        try:
            signed_in = self._flow.with_passkey(visit.held, answer, origin, current, case_code)
        except Refused:
            return self.show(visit, translator(visit.exchange.language)("step_up.wrong_passkey"))
        return self._desk.go_on(visit, signed_in)


class PasskeyStepUpWay(FactorWay):
    """``passkey-form`` for a person who is known: only a passkey of theirs counts."""

    name: Final = "passkey"
    marks: Final = ("passkey",)

    def __init__(self, desk: StepDesk, flow: SignInFlow, passkeys: Passkeys) -> None:
        """Take collaborators."""
        super().__init__(desk, flow)
        self._passkeys = passkeys

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        options = self._passkeys.request_options(bound_to(visit.held), session.account_id)
        return self._desk.page("passkey", visit, problem=problem, options=options, is_step_up=True)

    def answer(self, form: Form) -> str:
        """Return what the browser answered."""
        return first(form, "passkey")
