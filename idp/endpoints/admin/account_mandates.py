"""The part of an account's page about mandates: whom it acts for, who acts for it, how one is asked for and how one is ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import day
from idp.endpoints.admin.tables import moment, person
from idp.endpoints.admin.views import DASH, ActForm, Cell, Field, Section, Table
from idp.endpoints.desk import Form, first
from idp.flows.administration.mandates import MandateView, MandateWish
from idp.flows.administration.paging import Page
from idp.model.mandate import Mandate
from policies.mandate_kinds import KINDS
from policies.mandates import ALL_PROCEDURES

_COLUMNS = ("kind", "side", "other", "reach", "state", "since", "until")
CURSOR: Final = "mandates"
"""The parameter of an account's page that says which of its mandates are wanted."""
_SPLIT = re.compile(r"[\s,;]+")


def section(visit: Visit, account_id: str, found: Page[MandateView]) -> Section:
    """Return a page of the mandates of an account, newest first."""
    t = visit.t
    rows = [_row(visit, account_id, one.mandate) for one in found.rows]
    columns = [t(f"admin.mandate.{name}") for name in _COLUMNS]
    more = address(f"/accounts/{account_id}", **{CURSOR: found.following}) if found.following else ""
    return Section(t("admin.mandate.title"), table=Table(columns, rows, t("admin.mandate.none"), more))


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


def giving(visit: Visit, account_id: str, kinds: Sequence[str]) -> list[ActForm]:
    """Return the form that asks for a mandate in an account's name; none where the reader may ask for no kind."""
    if not kinds:
        return []
    t, papers = visit.t, dict.fromkeys(paper for kind in kinds for paper in KINDS[kind].evidence)
    fields = (
        Field("kind", t("admin.mandate.kind"), kinds[0], "select", [(one, t(f"mandate.kind_{one}")) for one in kinds]),
        Field("actor", t("admin.mandate.actor"), hint=t("admin.mandate.actor_hint"), is_required=True),
        Field(
            *("evidence_kind", t("admin.mandate.evidence_kind"), next(iter(papers)), "select"),
            [(one, t(f"mandate.evidence_{one}")) for one in papers],
        ),
        Field("evidence", t("admin.mandate.evidence"), hint=t("admin.mandate.evidence_hint"), is_required=True),
        Field("procedures", t("admin.mandate.procedures"), hint=t("admin.mandate.procedures_hint")),
        Field("unit", t("admin.mandate.unit"), hint=t("admin.mandate.unit_hint")),
        Field("valid_from", t("admin.mandate.since"), "", "date", hint=t("admin.mandate.since_hint")),
        Field("valid_to", t("admin.mandate.until"), "", "date", hint=t("admin.mandate.until_hint")),
        *([_passing(visit)] if any(KINDS[one].is_passed_on for one in kinds) else []),
        Field("reason", t("admin.reason"), is_required=True),
    )
    title, action = t("admin.mandate.give"), f"{ROOT}/accounts/{account_id}/act/give"
    return [ActForm("give", action, title, title, fields, t("admin.mandate.give_lead"), is_grave=True)]


def waiting(visit: Visit, asked: Mapping[str, Any]) -> Section:
    """Return what somebody asks for, as the second person reads it before agreeing: who, for whom, on what document, how far."""
    t, procedures = visit.t, asked["procedures"]
    reach = t("mandate.reach_some", procedures=", ".join(procedures)) if procedures else t("mandate.reach_all")
    # The end of a day stands in the act as the first moment of the day behind it.
    until = asked["valid_to"] - 1 if asked["valid_to"] else None
    facts = (
        (t("admin.mandate.kind"), Cell(t(f"mandate.kind_{asked['kind']}"))),
        (t("admin.mandate.actor"), person(asked["actor"])),
        (t("admin.mandate.acts"), person(asked["principal"])),
        (t("admin.mandate.evidence_kind"), Cell(t(f"mandate.evidence_{asked['evidence_kind']}"))),
        (t("admin.mandate.evidence"), Cell(asked["evidence"])),
        (t("admin.mandate.reach"), Cell(reach)),
        (t("mandate.unit"), Cell(asked["unit"] or DASH)),
        (
            t("admin.mandate.since"),
            moment(t, asked["valid_from"]) if asked["valid_from"] else Cell(t("admin.mandate.at_once")),
        ),
        (t("admin.mandate.until"), moment(t, until) if until else Cell(t("admin.mandate.longest"))),
        *(((t("admin.mandate.passing"), Cell(t("admin.mandate.may_pass"))),) if asked["may_delegate"] else ()),
    )
    return Section(t("admin.mandate.asked"), facts)


def wish(form: Form) -> MandateWish:
    """Return what the form asks for; raises ``InvalidInput``."""
    given = {name: first(form, name).strip() for name in ("kind", "actor", "evidence_kind", "evidence", "unit")}
    until = day(first(form, "valid_to"), "valid_to", is_end=True)
    return MandateWish(
        **given,
        procedures=tuple(dict.fromkeys(one for one in _SPLIT.split(first(form, "procedures")) if one)),
        valid_from=day(first(form, "valid_from"), "valid_from"),
        # The last day counts whole.
        valid_to=None if until is None else until + 1,
        may_delegate=bool(first(form, "may_delegate")),
    )


def _passing(visit: Visit) -> Field:
    t = visit.t
    return Field("may_delegate", t("admin.mandate.passing"), kind="check", options=[("1", t("admin.mandate.may_pass"))])


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
