"""Stepping up with the one-time code of an authenticator app."""

from __future__ import annotations

from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import Refused, Throttled
from idp.flows.dispatcher import Step
from idp.flows.sign_in import SignInFlow
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator


class OneTimeCodeWay:
    """``otp-form``."""

    step: Final = Step.STEP_UP
    name: Final = "totp"
    marks: Final = ("otp",)

    def __init__(self, desk: StepDesk, flow: SignInFlow) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow

    def is_offered(self, visit: Visit) -> bool:
        """Tell whether the person has an authenticator app."""
        session = self._desk.session(visit)
        return session is not None and self._flow.has(session.account_id, self.name)

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page."""
        return self._desk.page("otp", visit, problem=problem)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Verify and raise the session's level."""
        t = translator(visit.exchange.language)
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        try:
            code, origin = first(form, "otp"), visit.exchange.origin
            signed_in = self._flow.with_one_time_code(session, code, origin, visit.exchange.wire.case_code)
        except Throttled as error:
            return again(self.show(visit, wait(t, error)), 429, error.retry_after)
        except Refused:
            return self.show(visit, t("otp.wrong"))
        return self._desk.go_on(visit, signed_in)
