"""The part of an account's page about mandates: whom it acts for, who acts for it, and how one is ended."""

from __future__ import annotations

from collections.abc import Sequence

from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.tables import moment, person
from idp.endpoints.admin.views import ActForm, Cell, Field, Section, Table
from idp.flows.administration.mandates import MandateView
from idp.model.mandate import Mandate
from policies.mandates import ALL_PROCEDURES

_COLUMNS = ("kind", "side", "other", "reach", "state", "since", "until")


def section(visit: Visit, account_id: str, found: Sequence[MandateView]) -> Section:
    """Return the mandates of an account, newest first."""
    t = visit.t
    rows = [_row(visit, account_id, one.mandate) for one in found]
    columns = [t(f"admin.mandate.{name}") for name in _COLUMNS]
    return Section(t("admin.mandate.title"), table=Table(columns, rows, t("admin.mandate.none")))


def forms(visit: Visit, account_id: str, found: Sequence[MandateView]) -> list[ActForm]:
    """Return the form that ends one of those that the reader may end; none where there is none."""
    t = visit.t
    open_ones = [one.mandate for one in found if one.may_end]
    if not open_ones:
        return []
    fields = (
        Field(
            "mandate",
            t("admin.mandate.which"),
            options=[(one.id, _name(visit, one)) for one in open_ones],
            kind="select",
        ),
        Field("reason", t("admin.reason"), is_required=True),
    )
    title, action = t("admin.mandate.end"), f"{ROOT}/accounts/{account_id}/act/mandate"
    return [ActForm("mandate", action, title, title, fields, t("admin.mandate.end_lead"), is_grave=True)]


def _row(visit: Visit, account_id: str, one: Mandate) -> tuple[Cell, ...]:
    t, acts = visit.t, one.actor_id == account_id
    return (
        Cell(t(f"mandate.kind_{one.kind}")),
        Cell(t("admin.mandate.acts" if acts else "admin.mandate.is_acted_for")),
        person(one.principal_id if acts else one.actor_id),
        Cell(_reach(visit, one)),
        Cell(_begun(t(f"mandates.state_{one.state}"))),
        moment(t, one.valid_from),
        moment(t, one.ended_at or one.valid_to),
    )


def _name(visit: Visit, one: Mandate) -> str:
    t = visit.t
    return t(
        "admin.mandate.line",
        kind=t(f"mandate.kind_{one.kind}"),
        actor=one.actor_id,
        since=t.moment(one.valid_from)[:10],
    )


def _reach(visit: Visit, one: Mandate) -> str:
    t = visit.t
    if one.procedures == (ALL_PROCEDURES,):
        return t("mandate.reach_all")
    return t("mandate.reach_some", procedures=", ".join(one.procedures))


def _begun(text: str) -> str:
    """Return words that stand within a sentence elsewhere as they begin a cell."""
    return text[:1].upper() + text[1:]
