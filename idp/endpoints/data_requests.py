"""``/account/data/requests``: people ask for something about their data, and see by when it must be done and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.clock import Clock
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk, Exchange, Form, first
from idp.endpoints.door import Door
from idp.errors import DomainError, InvalidInput, NotFound, Refused
from idp.model.data_request import DataRequest
from idp.model.session import Session
from idp.protocol.errors import ProtocolError
from idp.protocol.wire import WireRequest, WireResponse, redirect
from idp.services.consents import ConsentService
from idp.services.data_requests import LONGEST, DataRequestService
from idp.web.i18n import Translator, translator
from policies import data_requests
from policies.data_requests import OPEN, Kind, State

PATH: Final = "/account/data/requests"
_CSRF: Final = "data-requests"
_MOST: Final = 200
_PROBLEMS: Final = frozenset({"kind", "client", "text"})


class DataRequestPages:
    """The pages; each for the person alone."""

    def __init__(
        self,
        desk: Desk,
        door: Door,
        requests: DataRequestService,
        consents: ConsentService,
        departments: Departments,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._desk = desk
        self._door = door
        self._requests = requests
        self._consents = consents
        self._departments = departments
        self._clock = clock

    def all(self, wire: WireRequest) -> WireResponse:
        """List the person's requests, and offer the form."""
        return self._for_person(wire, PATH, self._page)

    def file(self, wire: WireRequest) -> WireResponse:
        """Take a request; what is wrong with it is said on the form again."""

        def filed(exchange: Exchange, session: Session) -> WireResponse:
            form = self._desk.form(exchange, _CSRF)
            kind, client_id, text = first(form, "kind"), first(form, "client"), first(form, "text")
            try:
                if client_id and client_id not in self._systems(session.account_id):
                    raise InvalidInput("is none of those that the person was asked by", field="client")
                made = self._requests.file(session.account_id, kind, client_id, text, session.id)
            except (InvalidInput, Refused) as error:
                return self._page(exchange, session, problem=_problem(exchange, error), given=form)
            return redirect(f"{PATH}/{made.id}")

        return self._for_person(wire, PATH, filed)

    def show(self, wire: WireRequest, request_id: str) -> WireResponse:
        """Show one: the receipt of its filing, its clock and its answer."""

        def shown(exchange: Exchange, session: Session) -> WireResponse:
            found = self._own(session, request_id)
            t, token = translator(exchange.language), self._desk.csrf_token(exchange, _CSRF)
            row = self._row(t, found)
            return self._desk.page("data_request", exchange, row=row, csrf_token=token)

        return self._for_person(wire, f"{PATH}/{request_id}", shown)

    def cancel(self, wire: WireRequest, request_id: str) -> WireResponse:
        """Take one back."""

        def cancelled(exchange: Exchange, session: Session) -> WireResponse:
            self._desk.form(exchange, _CSRF)
            self._requests.cancel(session.account_id, request_id)
            return redirect(f"{PATH}/{request_id}")

        return self._for_person(wire, f"{PATH}/{request_id}", cancelled)

    def _for_person(
        self, wire: WireRequest, back: str, act: Callable[[Exchange, Session], WireResponse]
    ) -> WireResponse:
        exchange = self._desk.exchange(wire)
        session = self._door.admit(exchange, back)
        if isinstance(session, WireResponse):
            return session
        try:
            return act(exchange, session)
        except (DomainError, ProtocolError) as error:
            return self._desk.refused(wire, error)

    def _page(
        self, exchange: Exchange, session: Session, *, problem: str = "", given: Form | None = None
    ) -> WireResponse:
        t = translator(exchange.language)
        terms = self._requests.terms
        kinds = [
            {
                "value": kind.value,
                "days": data_requests.base_days(kind, terms),
                "label": t(f"data_request.{kind.value}"),
            }
            for kind in Kind
        ]
        systems = [
            {"value": name, "label": self._departments.name(name, t.language)}
            for name in self._systems(session.account_id)
        ]
        typed = {name: first(given or {}, name) for name in ("kind", "client", "text")}
        return self._desk.page(
            "data_requests",
            exchange,
            rows=[self._row(t, one) for one in self._requests.of_account(session.account_id)],
            kinds=kinds,
            systems=sorted(systems, key=lambda one: one["label"]),
            terms=terms,
            longest=LONGEST,
            given=typed,
            problem=problem,
            csrf_token=self._desk.csrf_token(exchange, _CSRF),
        )

    def _systems(self, account_id: str) -> list[str]:
        """Return the systems that ever asked for data of the person: a request can be about those."""
        return list(dict.fromkeys(one.client_id for one in self._consents.search(account_id, None, _MOST)))

    def _own(self, session: Session, request_id: str) -> DataRequest:
        found = self._requests.get(request_id)
        if found is None or found.account_id != session.account_id:
            raise NotFound("the person has no such request")
        return found

    def _row(self, t: Translator, one: DataRequest) -> Mapping[str, Any]:
        now, is_open = self._clock.now(), one.state in OPEN
        left = data_requests.days_left(one.due_at, now)
        return {
            "id": one.id,
            "number": one.number,
            "kind": t(f"data_request.{one.kind.value}"),
            "client": self._departments.name(one.client_id, t.language) if one.client_id else "",
            "text": one.text,
            "received": t.moment(one.received_at),
            "state": t(f"data_request.state_{one.state.value}"),
            "take_by": _day(t, one.take_by),
            "taken": t.moment(one.taken_at) if one.taken_at else "",
            "due": _day(t, one.due_at),
            "left": left_in_words(t, left) if is_open else "",
            "is_late": is_open and now >= one.due_at,
            "waits_too_long": one.state is State.RECEIVED and now >= one.take_by,
            "extension": one.extension_reason,
            "ended": t.moment(one.ended_at) if one.ended_at else "",
            "answer": one.answer,
            "is_refused": one.state is State.REFUSED,
            "is_open": is_open,
        }


def left_in_words(t: Translator, days: int) -> str:
    """Return how many days are left, or since when it is too late."""
    if days < 0:
        return t("data_request.late", days=-days)
    return t("data_request.today") if days == 0 else t("data_request.left", days=days)


def _day(t: Translator, deadline: int) -> str:
    """Return the last day of a time, which is over at its midnight."""
    return t.moment(deadline - 1)[:10]


def _problem(exchange: Exchange, error: DomainError) -> str:
    t = translator(exchange.language)
    name = error.field if error.field in _PROBLEMS else error.code
    return t.either(f"data_request.problem_{name}", "data_request.problem_other")
