"""Administrators: who holds which role over which unit; granting and taking away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.inputs import day, reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, principal, written
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.admins import GrantWish
from idp.flows.administration.paging import Page, Window
from idp.ports.administration import GrantQuery
from idp.protocol.wire import WireResponse
from policies.delegation import TOP, Action, AdminGrant, Role

_FILTERS: Final = ("q", "who", "role", "unit", "ended")


class AdministratorsArea(ListPart):
    """``/admin/administrators``."""

    name: Final = "administrators"
    act: Final = Action.ADMIN_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            *self.listed(self.listing()),
            frame.get("/administrators/grant", self.ask),
            frame.post("/administrators/grant", self.grant, "/administrators/grant"),
            frame.get("/administrators/<grant_id>", self.show),
            frame.post("/administrators/<grant_id>/revoke", self.revoke, "/administrators"),
        )

    def listing(self) -> Listing[AdminGrant]:
        """Return the list of grants."""
        heads = ("id", "principal", "role", "unit", "unit_from", "begins", "ends", "granted_by", "reason", "revoked_at")
        return Listing(
            self.name,
            "/administrators",
            self._search,
            [f"admin.grant.{name}" for name in ("role", "who", "unit", "begins", "ends")],
            _row,
            "admin.grant.none",
            Sheet("administrators", heads, _values),
            _FILTERS,
            _fields,
            lambda visit: (Link(f"{ROOT}/administrators/grant", visit.t("admin.grant.new")),),
        )

    def _search(self, visit: Visit, window: Window) -> Page[AdminGrant]:
        asked = visit.asked(*_FILTERS)
        text, unit = asked.get("q", ""), asked.get("unit", "")
        return self._acts.admins.search(visit.who, _wanted(visit), window, text=text, unit=unit)

    def ask(self, visit: Visit) -> WireResponse:
        """Show the form of a grant."""
        t = visit.t
        self._acts.admins.search(visit.who, GrantQuery(), visit.window)
        roles = [(one.value, t(f"admin.role.{one.value}")) for one in Role]
        fields = (
            Field("principal", t("admin.grant.who"), hint=t("admin.grant.who_hint"), is_required=True),
            Field("role", t("admin.grant.role"), Role.SUPPORT.value, "select", roles),
            Field("unit", t("admin.grant.unit"), hint=t("admin.grant.unit_hint"), is_required=True),
            Field("ends", t("admin.grant.ends"), "", "date", hint=t("admin.grant.ends_hint")),
            Field("reason", t("admin.reason"), is_required=True),
        )
        buttons = (("grant-submit", t("admin.grant.new"), "primary"),)
        return self._frame.page(
            "form",
            visit,
            area=self.name,
            title=t("admin.grant.new"),
            lead=t("admin.grant.lead"),
            problem="",
            action=f"{ROOT}/administrators/grant",
            id="grant-form",
            hidden=(),
            fields=fields,
            buttons=buttons,
            sections=(),
        )

    def grant(self, visit: Visit, form: Form) -> WireResponse:
        """Grant a role, or ask for the second person."""
        wish = GrantWish(
            principal=first(form, "principal").strip(),
            role=first(form, "role"),
            unit=first(form, "unit").strip(),
            ends=day(first(form, "ends"), "ends", is_end=True),
        )
        return self._frame.after(self._acts.admins.grant(visit.who, wish, reason(form)), "/administrators")

    def show(self, visit: Visit, grant_id: str) -> WireResponse:
        """Show one grant."""
        t, one = visit.t, self._acts.admins.show(visit.who, grant_id)
        facts = (
            (t("admin.grant.who"), principal(one.principal)),
            (t("admin.grant.role"), Cell(t(f"admin.role.{one.role.value}"))),
            (t("admin.grant.unit"), _unit(visit, one)),
            (t("admin.grant.begins"), moment(t, one.begins)),
            (t("admin.grant.ends"), moment(t, one.ends)),
            (t("admin.grant.by"), principal(one.granted_by)),
            (t("admin.grant.second"), principal(one.approved_by) if one.approved_by else Cell(DASH)),
            (t("admin.reason"), Cell(one.reason or DASH)),
            (t("admin.grant.revoked"), moment(t, one.revoked_at)),
        )
        forms = []
        if one.revoked_at is None:
            why = Field("reason", t("admin.reason"), is_required=True)
            along = Field("with_granted", t("admin.grant.along"), "", "check", (("1", t("admin.grant.along_hint")),))
            title = t("admin.grant.revoke")
            action = f"{ROOT}/administrators/{one.id}/revoke"
            forms.append(ActForm("revoke", action, title, title, (along, why), is_grave=True))
        about = Section(t("admin.details"), ((t("admin.id"), Cell(one.id)), *facts))
        return self._frame.detail(visit, self.name, Detail(facts[1][1].text, "", (about,), forms))

    def revoke(self, visit: Visit, form: Form, grant_id: str) -> WireResponse:
        """Take a grant away, or ask for the second person."""
        along = bool(first(form, "with_granted"))
        result = self._acts.admins.revoke(visit.who, grant_id, reason(form), with_granted=along)
        return self._frame.after(result, "/administrators")


def _row(visit: Visit, one: AdminGrant) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(t(f"admin.role.{one.role.value}"), f"{ROOT}/administrators/{one.id}"),
        principal(one.principal),
        _unit(visit, one),
        moment(t, one.begins),
        moment(t, one.ends),
    )


def _unit(visit: Visit, one: AdminGrant) -> Cell:
    if one.unit == TOP:
        return Cell(visit.t("admin.grant.everywhere"))
    return Cell("@".join(one.unit), f"{ROOT}/units/{one.unit.code}")


def _wanted(visit: Visit) -> GrantQuery:
    asked = visit.asked(*_FILTERS)
    role = asked.get("role", "")
    if role and role not in set(Role):
        raise InvalidInput("names no role", field="role")
    return GrantQuery(principal=asked.get("who", ""), role=role, ended=bool(asked.get("ended")))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    roles = (("", t("admin.any")), *((one.value, t(f"admin.role.{one.value}")) for one in Role))
    which = (("", t("admin.grant.current")), ("1", t("admin.grant.all")))
    return (
        words_field(visit, asked, "admin.grant.words"),
        Field("who", t("admin.grant.who"), asked.get("who", ""), hint=t("admin.grant.who_hint")),
        Field("role", t("admin.grant.role"), asked.get("role", ""), "select", roles),
        Field("unit", t("admin.grant.unit"), asked.get("unit", ""), hint=t("admin.client.unit_hint")),
        Field("ended", t("admin.grant.which"), asked.get("ended", ""), "select", which),
    )


def _values(one: AdminGrant) -> tuple[object, ...]:
    times = (written(one.begins), written(one.ends))
    whose = (one.id, one.principal, one.role.value, one.unit.code, one.unit.valid_from)
    return (*whose, *times, one.granted_by, one.reason, written(one.revoked_at))
