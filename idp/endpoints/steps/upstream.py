"""Signing in, and stepping up, by an upstream identity provider: a button each, which sends the browser there.

The way back is ``/upstream/<name>/callback`` (``endpoints.upstream``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from idp.endpoints.desk import Form, first
from idp.endpoints.steps.way import StepDesk, Visit, again, wait
from idp.endpoints.upstream_offers import asked_of, origin_of
from idp.errors import Throttled
from idp.flows.dispatcher import Step
from idp.flows.upstream.sign_in import Caller, UpstreamSignIn
from idp.model.session import Session
from idp.ports.upstreams import UpstreamRefused, UpstreamUnavailable
from idp.protocol.wire import WireResponse, redirect
from idp.web.i18n import translator
from policies import assurance

_RETRY_AFTER: Final = 30


class _Buttons:
    """What both ways share."""

    marks: Final = ("upstream",)
    template: str

    def __init__(self, desk: StepDesk, flow: UpstreamSignIn) -> None:
        """Take collaborators."""
        self._desk = desk
        self._flow = flow

    def show(self, visit: Visit, problem: str = "") -> WireResponse:
        """Return the page with the buttons."""
        return self._desk.page(self.template, visit, problem=problem, reason=visit.reason)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Send the browser to the upstream that was chosen."""
        t = translator(visit.exchange.language)
        offer = next((one for one in self._desk.offers(visit) if one.name == first(form, "upstream")), None)
        if offer is None:
            return self._desk.go_on(visit)
        exchange, session = visit.exchange, self._desk.session(visit)
        binding = None if exchange.is_new_browser else exchange.binding
        caller = Caller(binding, exchange.origin, session, exchange.wire.case_code)
        asked = asked_of(visit.held, visit.decision, visit.facts, session)
        try:
            address = self._flow.depart(offer.name, visit.held, asked, caller, exchange.language)
        except Throttled as error:
            return again(self.show(visit, wait(t, error)), 429, error.retry_after)
        except (UpstreamUnavailable, UpstreamRefused):
            return again(self.show(visit, t("upstream.out", name=offer.label)), 503, _RETRY_AFTER)
        if origin_of(address) != offer.origin:
            # The page's policy lets its forms go to the origin that was known beforehand; to another one the person goes by a link.
            return self._desk.page("upstream_go", visit, offer=offer, address=address)
        return redirect(address)


class UpstreamWay(_Buttons):
    """``upstream-form`` on the sign-in page and on its own."""

    step: Final = Step.SIGN_IN
    name: Final = "upstream"
    template = "upstream"

    def is_offered(self, visit: Visit) -> bool:
        """Tell whether there is an upstream that can do what is asked."""
        return bool(self._desk.offers(visit))


class UpstreamStepUpWay(_Buttons):
    """``upstream-form`` where only an upstream reaches the level that is asked."""

    step: Final = Step.STEP_UP
    name: Final = "upstream_step_up"
    template = "upstream_step_up"

    def __init__(self, desk: StepDesk, flow: UpstreamSignIn, factors_reach: Callable[[Session], str]) -> None:
        """Take collaborators; ``factors_reach`` tells which level the person's own factors reach."""
        super().__init__(desk, flow)
        self._factors_reach = factors_reach

    def is_offered(self, visit: Visit) -> bool:
        """Tell whether the person's own factors do not get there, and an upstream does."""
        session, wanted = self._desk.session(visit), visit.decision.acr or ""
        if session is None or assurance.satisfies(self._factors_reach(session), wanted):
            return False
        return bool(self._desk.offers(visit))
