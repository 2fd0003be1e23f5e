"""Stepping up by one factor: what the ways of all factors share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from idp.endpoints.desk import Form
from idp.endpoints.steps.trusting import TrustBox
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.errors import Busy, Refused, Throttled
from idp.flows.dispatcher import Step
from idp.flows.sign_in import SignInFlow
from idp.protocol.wire import WireResponse
from idp.web.i18n import translator


class FactorWay(ABC):
    """A way of ``STEP_UP``, offered to who has the factor and for whom it is what is missing; ``name`` is the factor's."""

    step: Final = Step.STEP_UP

    def __init__(self, desk: StepDesk, flow: SignInFlow, trust: TrustBox | None = None) -> None:
        """Take collaborators; ``trust`` is there for factors beside whose code people may trust the browser."""
        self._desk = desk
        self._flow = flow
        self._trust = trust

    @property
    @abstractmethod
    def name(self) -> str:
        """Return the factor's name."""

    @property
    @abstractmethod
    def marks(self) -> tuple[str, ...]:
        """Return the fields of its form."""

    @abstractmethod
    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page, with what went wrong."""

    @abstractmethod
    def answer(self, form: Form) -> str:
        """Return what the person answered."""

    def is_offered(self, visit: Visit) -> bool:
        """Tell whether this factor would bring the session to the level that is demanded."""
        session = self._desk.session(visit)
        return session is not None and self.name in self._flow.missing(session, visit.decision.acr or "")

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Verify and raise the session's level."""
        t = translator(visit.exchange.language)
        session = self._desk.session(visit)
        if session is None:
            return self._desk.go_on(visit)
        exchange, answer = visit.exchange, self.answer(form)
        case_code, device = exchange.wire.case_code, exchange.device_secret
        try:
            signed_in = self._flow.step_up(session, visit.held, self.name, answer, exchange.origin, case_code, device)
        except Throttled as error:
            return again(self.show(visit, wait(t, error)), 429, error.retry_after)
        except Busy as error:
            return again(self.show(visit, t("signin.busy")), 503, error.retry_after)
        except Refused:
            return self.show(visit, t.either(f"step_up.wrong_{self.name}", "step_up.wrong"))
        if self._trust is not None and signed_in is not None:
            signed_in = self._trust.taken(visit, form, signed_in)
        return self._desk.go_on(visit, signed_in)

    def trust_days(self, visit: Visit) -> int:
        """Return for how many days the page offers to trust the browser, 0 for not at all."""
        return self._trust.days(visit, self._desk.session(visit)) if self._trust else 0
