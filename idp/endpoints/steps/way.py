"""What a way is, what it is shown, and what all ways share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from clients.model import Client
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, Form
from idp.endpoints.mandate_views import MandateViews
from idp.endpoints.signed_out import SignedOutPage
from idp.endpoints.upstream_offers import Offer, UpstreamOffers, asked_of
from idp.errors import NotFound, Throttled
from idp.flows.dispatcher import Decision, Facts, Step
from idp.flows.pending import Held
from idp.flows.sign_in import SignedIn
from idp.model.session import Session
from idp.protocol.wire import WireResponse, redirect
from idp.services.sessions import SessionService
from idp.web.i18n import translator
from idp.web.render import form_action

_MINUTE: Final = 60
TRUST_AGE: Final = 90 * 86400
"""Seconds for which browsers keep the cookie of a trusted device; when the trust ends, its row says."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a transaction: what is due, and why.

    ``facts`` are None on our own pages. ``way`` is the name of the way that is shown or takes the form, ``others`` are those that are
    offered beside it.
    """

    exchange: Exchange
    held: Held
    decision: Decision
    facts: Facts | None
    way: str = ""
    others: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """Return the step that is due."""
        return self.decision.step

    @property
    def reason(self) -> str:
        """Return why it is due, a reason id."""
        return self.decision.reason

    @property
    def client(self) -> Client | None:
        """Return the department that asks, None for our own pages."""
        return self.facts.client if self.facts is not None else None


class Way(Protocol):
    """One means to settle a step.

    ``name`` stands in the address (``?way=name``) and, as ``ways.name``, in the languages; one of ``marks`` in a posted form tells that
    it is this way's.
    """

    @property
    def step(self) -> Step:
        """Return the step that it settles."""
        ...

    @property
    def name(self) -> str:
        """Return its name in addresses."""
        ...

    @property
    def marks(self) -> tuple[str, ...]:
        """Return the fields and buttons of its form that no other way of the step has."""
        ...

    def is_offered(self, visit: Visit) -> bool:
        """Tell whether this person, as far as is known, can go this way here."""
        ...

    def show(self, visit: Visit) -> WireResponse:
        """Return the page."""
        ...

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Take the posted form, whose token was checked: go on by ``StepDesk.go_on``, or show the page again with its problem."""
        ...


class StepDesk:
    """Shared by the ways; holds no state of its own."""

    def __init__(
        self,
        desk: Desk,
        sessions: SessionService,
        departments: Departments,
        state: Callable[[Exchange, Session], tuple[tuple[str, str], ...]],
        mandates: MandateViews,
        upstreams: UpstreamOffers,
        goodbye: SignedOutPage,
    ) -> None:
        """Take collaborators; ``state`` returns the cookies that go with a session that was started or renewed in this exchange."""
        self._mandates = mandates
        self._upstreams = upstreams
        self.goodbye = goodbye
        self.desk = desk
        self._sessions = sessions
        self._departments = departments
        self._state = state

    def page(self, template: str, visit: Visit, **values: object) -> WireResponse:
        """Return a page of this transaction: it names the department, and its form may lead to the client's origin."""
        pending = visit.held.pending
        request = pending.request
        origins = form_action(request.redirect_uri) if request is not None and request.redirect_uri else ()
        offers = self.offers(visit)
        client = self._departments.view(visit.client, visit.exchange.language)
        token = self.desk.csrf_token(visit.exchange, pending.id)
        capacity = visit.facts.capacity if visit.facts is not None else None
        return self.desk.page(
            template,
            visit.exchange,
            origins=(*origins, *dict.fromkeys(offer.origin for offer in offers if offer.origin)),
            client=client,
            csrf_token=token,
            way=visit.way,
            ways=visit.others,
            acting=self._mandates.banner(translator(visit.exchange.language), capacity),
            upstreams=offers,
            **values,
        )

    def offers(self, visit: Visit) -> tuple[Offer, ...]:
        """Return the upstream identity providers that can do what the step asks."""
        if self._upstreams.is_empty:
            return ()
        asked = asked_of(visit.held, visit.decision, visit.facts, self.session(visit))
        return self._upstreams.of(visit.exchange, visit.decision, asked)

    def session(self, visit: Visit) -> Session | None:
        """Return the live session of the visiting browser."""
        return self._sessions.of_cookie(visit.exchange.session_secret)

    def go_on(self, visit: Visit, signed_in: SignedIn | None = None) -> WireResponse:
        """Come back to the dispatcher, with the cookies of a session that was started or renewed."""
        cookies = self.desk.cookies
        onward = f"/signin/{visit.held.pending.id}"
        if signed_in is None:
            return redirect(onward)
        made = (cookies.make(cookies.session, signed_in.secret), *self._state(visit.exchange, signed_in.session))
        if signed_in.trust:
            made = (*made, cookies.make(cookies.trust, signed_in.trust, TRUST_AGE))
        return self.goodbye.onward(visit.exchange, signed_in.replaced, onward, made)


def facts_of(visit: Visit) -> Facts:
    """Return the facts of a visit on behalf of a department; raises ``NotFound`` on our own pages."""
    if visit.facts is None:
        raise NotFound("there is nothing to answer", code="expired_transaction")
    return visit.facts


def again(page: WireResponse, status: int, retry_after: int) -> WireResponse:
    """Return a page that is shown again after a refusal that passes with time (in seconds)."""
    return WireResponse(status, (*page.headers, ("Retry-After", str(retry_after))), page.body)


def wait(t: Callable[..., str], error: Throttled, key: str = "signin.throttled") -> str:
    """Return how long to wait, in words."""
    return t(key, minutes=max(1, -(-error.retry_after // _MINUTE)))
