"""Accounts of staff that nobody uses, and those that were locked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, person, written
from idp.endpoints.admin.views import Cell, Field, Link
from idp.endpoints.routes import Route
from idp.flows.administration.paging import Page, Window
from idp.flows.administration.unused import STATES
from idp.flows.staff_watch import Unused

PATH: Final = "/accounts/unused"


class UnusedPages(ListPart):
    """``/admin/accounts/unused``; it stands before the pages of single accounts."""

    def routes(self) -> tuple[Route, ...]:
        """Return the list and its file."""
        columns = ("account", "ends", "state", "used")
        return self.listed(
            Listing(
                "accounts",
                PATH,
                self._find,
                [f"admin.unused.{name}" for name in columns],
                _row,
                "admin.unused.none",
                Sheet("unused-accounts", ("account_id", "used_at", "ends_at", "locked_at"), _values),
                ("state",),
                _fields,
                links=lambda visit: (Link(f"{ROOT}/accounts", visit.t("admin.area.accounts")),),
                title="admin.unused.title",
                lead="admin.unused.lead",
            )
        )

    def _find(self, visit: Visit, window: Window) -> Page[Unused]:
        return self._acts.unused.search(visit.who, window, visit.query.get("state", ""))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (("", t("admin.any")), *((one, t(f"admin.unused.{one}")) for one in STATES))
    return (Field("state", t("admin.unused.state"), asked.get("state", ""), "select", states),)


def _row(visit: Visit, one: Unused) -> tuple[Cell, ...]:
    t, state = visit.t, "locked" if one.locked_at else "warned"
    return (
        person(one.account_id),
        moment(t, one.locked_at or one.ends_at),
        Cell(t(f"admin.unused.{state}"), tone="bad" if one.locked_at else ""),
        moment(t, one.used_at),
    )


def _values(one: Unused) -> list[object]:
    return [one.account_id, written(one.used_at), written(one.ends_at), written(one.locked_at)]
