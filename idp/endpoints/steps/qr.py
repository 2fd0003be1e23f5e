"""Signing in by a phone that is signed in: the screen shows a QR code and a number, and goes on when the phone has answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from idp.endpoints.desk import Form
from idp.endpoints.steps.way import StepDesk, Visit
from idp.errors import NotFound
from idp.flows.dispatcher import Step
from idp.flows.qr_sign_in import QrSignIns
from idp.model.qr_request import QrRequest
from idp.protocol.wire import WireResponse, redirect
from idp.web.qr_picture import picture

PersonView = Callable[[str], Mapping[str, str]]


class QrWay:
    """``qr-form``: the pages of the screen."""

    step: Final = Step.SIGN_IN
    name: Final = "qr"
    marks: Final = ("qr-continue", "qr-new")

    def __init__(self, desk: StepDesk, flow: QrSignIns, person: PersonView, issuer: str) -> None:
        """Take collaborators; ``person`` returns name and masked code of an account."""
        self._desk = desk
        self._flow = flow
        self._person = person
        self._issuer = issuer

    def is_offered(self, _visit: Visit) -> bool:
        """Everybody may have a phone that is signed in."""
        return True

    def show(self, visit: Visit) -> WireResponse:
        """Return the page of the request's state; the first look asks."""
        found = self._flow.of_transaction(visit.held)
        if found is None and visit.held.pending.qr:
            return self._page(visit, "expired")
        if found is None:
            found = self._flow.begin(visit.held, visit.exchange.origin)
        request, handle = found
        if request.state == "approved":
            return self._page(visit, "approved", person=self._person(request.account_id))
        return self._page(visit, request.state, **(self._code(request, handle) if request.state == "waiting" else {}))

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Ask anew, or sign in as who approved on the phone."""
        if "qr-new" in form:
            self._flow.begin(visit.held, visit.exchange.origin)
            return self._again(visit)
        try:
            signed_in = self._flow.collect(visit.held, visit.exchange.origin, self._desk.session(visit))
        except NotFound:
            return self._again(visit)
        return self._desk.go_on(visit, signed_in)

    def _code(self, request: QrRequest, handle: str) -> dict[str, object]:
        address = f"{self._issuer}/qr/{handle}"
        return {"picture": picture(address), "number": request.number}

    def _page(self, visit: Visit, state: str, **values: object) -> WireResponse:
        shown: dict[str, object] = {"picture": None, "number": 0, "person": None, **values}
        poll = f"/signin/{visit.held.pending.id}/qr"
        return self._desk.page("qr", visit, state=state, poll=poll, connects=True, **shown)

    @staticmethod
    def _again(visit: Visit) -> WireResponse:
        return redirect(f"/signin/{visit.held.pending.id}?way=qr")
