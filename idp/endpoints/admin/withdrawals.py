"""Withdrawals until the system that had the data was told: what is due first, and what an officer does where no signal gets there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Visit
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import NONE, moment, person, written
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.data_requests import left_in_words
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Form
from idp.endpoints.routes import Route
from idp.flows.administration.consents import WithdrawalSearch, WithdrawalView
from idp.flows.administration.paging import Page, Window
from idp.flows.administration.use_cases import UseCases
from idp.protocol.wire import WireResponse

PATH: Final = "/consents/withdrawals"
_FILTERS: Final = ("q", "state", "client")
_HEADS: Final = ("id", "client_id", "account_id", "withdrawn_at", "due_at", "state", "told_at", "told_by", "late")


class Withdrawals(ListPart):
    """``/admin/consents/withdrawals``."""

    def __init__(self, frame: ConsoleFrame, acts: UseCases, departments: Departments) -> None:
        """Take collaborators."""
        super().__init__(frame, acts)
        self._departments = departments

    def routes(self) -> tuple[Route, ...]:
        """Return the pages; they stand before those of single consents."""
        frame, one = self._frame, f"{PATH}/<withdrawal_id>"
        return (*self.listed(self.listing()), frame.get(one, self.show), frame.post(f"{one}/told", self.told, PATH))

    def listing(self) -> Listing[WithdrawalView]:
        """Return the list."""
        columns = ("client", "withdrawn", "told_state", "clock", "told")
        return Listing(
            "consents",
            PATH,
            self._find,
            [f"admin.withdrawal.{name}" for name in columns],
            self._row,
            "admin.consent.none",
            Sheet("withdrawals", _HEADS, _values),
            _FILTERS,
            _fields,
            lambda visit: (Link(f"{ROOT}/consents", visit.t("admin.area.consents")),),
            title="admin.withdrawal.title",
            lead="admin.withdrawal.lead",
        )

    def show(self, visit: Visit, withdrawal_id: str) -> WireResponse:
        """Show one, and the form by which an officer says that the system was told."""
        t, view = visit.t, self._acts.consents.show_withdrawal(visit.who, withdrawal_id)
        one = view.withdrawal
        facts = [
            (t("admin.consent.client"), Cell(self._departments.name(one.client_id, t.language))),
            (t("admin.consent.person"), person(one.account_id)),
            (t("admin.withdrawal.withdrawn"), moment(t, one.withdrawn_at)),
            (t("admin.withdrawal.due"), moment(t, one.due_at - 1)),
            (t("admin.withdrawal.told_state"), Cell(t(f"admin.withdrawal.{view.state}"))),
            (t("admin.withdrawal.clock"), _clock(visit, view)),
            (t("admin.withdrawal.told"), moment(t, one.told_at)),
        ]
        if one.told_by:
            facts.append((t("admin.withdrawal.told_by"), Cell(one.told_by)))
        if one.note:
            facts.append((t("admin.reason"), Cell(one.note)))
        forms = []
        if one.told_at is None:
            title = t("admin.withdrawal.confirm")
            fields = (Field("reason", t("admin.withdrawal.how"), is_required=True),)
            action, lead = f"{ROOT}{PATH}/{one.id}/told", t("admin.withdrawal.confirm_lead")
            forms.append(ActForm("told", action, title, title, fields, lead))
        about = Section(t("admin.details"), ((t("admin.id"), Cell(one.id)), *facts))
        crumbs = (Link(f"{ROOT}{PATH}", t("admin.withdrawal.title")),)
        shown = Detail(
            t("admin.withdrawal.one"),
            "",
            (about,),
            forms,
            crumbs=crumbs,
        )
        return self._frame.detail(visit, "consents", shown)

    def told(self, visit: Visit, form: Form, withdrawal_id: str) -> WireResponse:
        """Note that the system was told."""
        self._acts.consents.confirm_told(visit.who, withdrawal_id, reason(form))
        return self._frame.done(f"{PATH}/{withdrawal_id}")

    def _find(self, visit: Visit, window: Window) -> Page[WithdrawalView]:
        asked = visit.asked(*_FILTERS)
        wanted = WithdrawalSearch(*(asked.get(name, "") for name in ("state", "client", "q")))
        return self._acts.consents.withdrawals(visit.who, wanted, window)

    def _row(self, visit: Visit, view: WithdrawalView) -> tuple[Cell, ...]:
        t, one = visit.t, view.withdrawal
        return (
            Cell(self._departments.name(one.client_id, t.language), f"{ROOT}{PATH}/{one.id}"),
            moment(t, one.withdrawn_at),
            Cell(t(f"admin.withdrawal.{view.state}"), tone="bad" if view.state in {"paused", "no_way"} else ""),
            _clock(visit, view),
            moment(t, one.told_at) if one.told_at else NONE,
        )


def _clock(visit: Visit, view: WithdrawalView) -> Cell:
    t = visit.t
    if view.withdrawal.told_at is not None:
        key = "missed" if view.is_late else "kept"
        return Cell(t(f"data_request.{key}"), tone="bad" if view.is_late else "good")
    return Cell(left_in_words(t, view.days_left), tone="bad" if view.is_late else "")


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (
        ("", t("admin.withdrawal.open")),
        ("told", t("admin.withdrawal.told_state_told")),
        ("all", t("admin.any")),
    )
    return (
        words_field(visit, asked, "admin.client.words"),
        Field("state", t("admin.withdrawal.told_state"), asked.get("state", ""), "select", states),
        Field("client", "client_id", asked.get("client", "")),
    )


def _values(view: WithdrawalView) -> list[object]:
    one = view.withdrawal
    return [
        *(one.id, one.client_id, one.account_id, written(one.withdrawn_at), written(one.due_at), view.state),
        *(written(one.told_at), one.told_by, view.is_late),
    ]
