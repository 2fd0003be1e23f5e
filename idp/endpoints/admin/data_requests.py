"""Requests of people about their data: what is overdue first, and what an officer does with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Visit
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, person, principal, written
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Section
from idp.endpoints.data_requests import left_in_words
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.data_requests import RequestSearch, RequestView
from idp.flows.administration.use_cases import UseCases
from idp.model.data_request import DataRequest
from idp.protocol.wire import WireResponse
from policies.data_requests import OPEN, Kind, Standing, State
from policies.delegation import Action

_FILTERS: Final = ("q", "state", "kind", "client", "account")
_TONES: Final = {Standing.OVERDUE: "bad", Standing.MISSED: "bad", Standing.KEPT: "good"}
_MOST_DAYS: Final = 3


class DataRequests(ListPart):
    """``/admin/data-requests``."""

    name: Final = "data-requests"
    act: Final = Action.DATA_REQUEST_READ

    def __init__(self, frame: ConsoleFrame, acts: UseCases, departments: Departments) -> None:
        """Take collaborators."""
        super().__init__(frame, acts)
        self._departments = departments

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, root, one = self._frame, "/data-requests", "/data-requests/<request_id>"
        return (
            *self.listed(self.listing()),
            frame.get(one, self.show),
            frame.post(f"{one}/take", self.take, root),
            frame.post(f"{one}/extend", self.extend, root),
            frame.post(f"{one}/answer", self.answer, root),
            frame.post(f"{one}/refuse", self.refuse, root),
        )

    def listing(self) -> Listing[RequestView]:
        """Return the list."""
        heads = ("number", "kind", "client_id", "account_id", "received_at", "take_by", "due_at", "state", "ended_at")
        return Listing(
            self.name,
            "/data-requests",
            lambda visit, window: self._acts.data_requests.search(visit.who, _wanted(visit), window),
            [f"data_request.{name}" for name in ("number", "kind", "about", "received", "state", "clock")],
            self._row,
            "admin.consent.none",
            Sheet("data-requests", heads, _values),
            _FILTERS,
            _fields,
            lead="data_request.officer_lead",
        )

    def show(self, visit: Visit, request_id: str) -> WireResponse:
        """Show one with the person's own words, and what can be done with it."""
        t, view = visit.t, self._acts.data_requests.show(visit.who, request_id)
        one = view.request
        facts = [
            (t("data_request.kind"), Cell(t(f"data_request.{one.kind.value}"))),
            (t("data_request.about"), self._about(visit, one)),
            (t("admin.consent.person"), person(one.account_id)),
            (t("data_request.received"), moment(t, one.received_at)),
            (t("data_request.state"), Cell(t(f"data_request.state_{one.state.value}"))),
            (t("data_request.take_by"), moment(t, one.take_by - 1)),
            (t("data_request.due"), moment(t, one.due_at - 1)),
            (t("data_request.clock"), self._clock(visit, view)),
        ]
        if one.taken_at:
            facts.append((t("data_request.taken_by"), principal(one.taken_by)))
        if one.extension_reason:
            facts.append((t("data_request.extended"), Cell(one.extension_reason)))
        if one.ended_at:
            facts += [
                (t("data_request.ended"), moment(t, one.ended_at)),
                (t("data_request.ended_by"), principal(one.ended_by)),
            ]
        sections = [Section(t("data_request.receipt_title"), facts)]
        if one.text:
            sections.append(Section(t("data_request.text"), lines=(one.text,)))
        if one.answer:
            key = "data_request.refusal" if one.state is State.REFUSED else "data_request.answer"
            sections.append(Section(t(key), lines=(one.answer,)))
        forms = _forms(visit, one) if view.may_answer and one.state in OPEN else []
        return self._frame.detail(visit, self.name, Detail(one.number, "", sections, forms))

    def take(self, visit: Visit, _form: Form, request_id: str) -> WireResponse:
        """Take it up."""
        self._acts.data_requests.take(visit.who, request_id)
        return self._frame.done(f"/data-requests/{request_id}")

    def extend(self, visit: Visit, form: Form, request_id: str) -> WireResponse:
        """Give it more days."""
        days = first(form, "days").strip()
        if not (days.isascii() and days.isdigit() and len(days) <= _MOST_DAYS):
            raise InvalidInput("must be a number of days", field="days")
        self._acts.data_requests.extend(visit.who, request_id, int(days), reason(form))
        return self._frame.done(f"/data-requests/{request_id}")

    def answer(self, visit: Visit, form: Form, request_id: str) -> WireResponse:
        """Say that it was done."""
        self._acts.data_requests.answer(visit.who, request_id, first(form, "answer"))
        return self._frame.done(f"/data-requests/{request_id}")

    def refuse(self, visit: Visit, form: Form, request_id: str) -> WireResponse:
        """Say no."""
        self._acts.data_requests.refuse(visit.who, request_id, first(form, "answer"))
        return self._frame.done(f"/data-requests/{request_id}")

    def _row(self, visit: Visit, view: RequestView) -> tuple[Cell, ...]:
        t, one = visit.t, view.request
        return (
            Cell(one.number, f"{ROOT}/data-requests/{one.id}"),
            Cell(t(f"data_request.{one.kind.value}")),
            self._about(visit, one),
            moment(t, one.received_at),
            Cell(t(f"data_request.state_{one.state.value}")),
            self._clock(visit, view),
        )

    def _about(self, visit: Visit, one: DataRequest) -> Cell:
        if not one.client_id:
            return Cell(visit.t("data_request.here"))
        return Cell(self._departments.name(one.client_id, visit.t.language))

    def _clock(self, visit: Visit, view: RequestView) -> Cell:
        """Say how much time is left for what comes next; of what is over, whether it was in time."""
        t, state = visit.t, view.request.state
        words = left_in_words(t, view.days_left) if state in OPEN else t(f"data_request.{view.standing.value}")
        if state is State.RECEIVED:
            words = t("data_request.to_take_up", left=words)
        return Cell(words, tone=_TONES.get(view.standing, ""))


def _forms(visit: Visit, one: DataRequest) -> list[ActForm]:
    t, base, found = visit.t, f"{ROOT}/data-requests/{one.id}", []
    if one.state is State.RECEIVED:
        title, lead = t("data_request.take"), t("data_request.take_lead")
        found.append(ActForm("take", f"{base}/take", title, title, (), lead))
    for name, grave in (("answer", False), ("refuse", True)):
        field = Field("answer", t("data_request.answer_text"), kind="area", is_required=True)
        title, lead = t(f"data_request.{name}_it"), t(f"data_request.{name}_lead")
        found.append(ActForm(name, f"{base}/{name}", title, title, (field,), lead, is_grave=grave))
    if not one.extension_reason:
        fields = (
            Field("days", t("data_request.more_days"), is_required=True),
            Field("reason", t("admin.reason"), is_required=True),
        )
        title = t("data_request.extend")
        found.append(ActForm("extend", f"{base}/extend", title, title, fields, t("data_request.extend_lead")))
    return found


def _wanted(visit: Visit) -> RequestSearch:
    asked = visit.asked(*_FILTERS)
    return RequestSearch(*(asked.get(name, "") for name in (*_FILTERS[1:], "q")))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (
        ("", t("data_request.open")),
        ("closed", t("data_request.closed")),
        *((one.value, t(f"data_request.state_{one.value}")) for one in State),
    )
    kinds = (("", t("admin.any")), *((one.value, t(f"data_request.{one.value}")) for one in Kind))
    return (
        words_field(visit, asked, "admin.client.words"),
        Field("state", t("data_request.state"), asked.get("state", ""), "select", states),
        Field("kind", t("data_request.kind"), asked.get("kind", ""), "select", kinds),
        Field("client", "client_id", asked.get("client", "")),
        Field("account", t("admin.consent.account"), asked.get("account", "")),
    )


def _values(view: RequestView) -> tuple[object, ...]:
    one = view.request
    times = (written(one.received_at), written(one.take_by), written(one.due_at))
    return (one.number, one.kind.value, one.client_id, one.account_id, *times, one.state.value, written(one.ended_at))
