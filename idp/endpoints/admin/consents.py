"""Consents and notices: search, proof, withdrawal in a person's name, figures."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Part, Visit, address
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.tables import NONE, moment, person
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Form
from idp.endpoints.routes import Route
from idp.flows.administration.consents import ConsentSearch
from idp.flows.administration.use_cases import UseCases
from idp.ports.consents import Consent
from idp.protocol.wire import WireResponse
from policies import claims as claim_policy
from policies.delegation import Action

_FILTERS: Final = ("client", "account", "state")


class Consents(Part):
    """``/admin/consents``."""

    name: Final = "consents"
    act: Final = Action.CONSENT_READ

    def __init__(self, frame: ConsoleFrame, acts: UseCases, departments: Departments) -> None:
        """Take collaborators."""
        super().__init__(frame, acts)
        self._departments = departments

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/consents/<consent_id>"
        return (
            frame.get("/consents", self.all),
            frame.get("/consents/figures", self.figures),
            frame.get(one, self.show),
            frame.post(f"{one}/withdraw", self.withdraw, "/consents"),
        )

    def all(self, visit: Visit) -> WireResponse:
        """List."""
        t, asked = visit.t, visit.asked(*_FILTERS)
        wanted = ConsentSearch(asked.get("client", ""), asked.get("account", ""), asked.get("state", ""))
        found = self._acts.consents.search(visit.who, wanted, visit.window)
        more = address("/consents", **asked, cursor=found.following) if found.following else ""
        columns = [t(f"admin.consent.{name}") for name in ("given", "client", "person", "kind", "claims", "ended")]
        table = Table(columns, [self._row(visit, one) for one in found.rows], t("admin.consent.none"), more)
        states = (("", t("admin.any")), ("current", t("admin.consent.current")), ("ended", t("admin.consent.over")))
        filters = (
            Field("client", "client_id", asked.get("client", "")),
            Field("account", t("admin.consent.account"), asked.get("account", "")),
            Field("state", t("admin.consent.state"), asked.get("state", ""), "select", states),
        )
        links = (Link(f"{ROOT}/consents/figures", t("admin.consent.figures")),)
        return self._frame.list(visit, self.name, table, filters=filters, links=links)

    def figures(self, visit: Visit) -> WireResponse:
        """Show how many there are, by system."""
        t = visit.t
        columns = [t(f"admin.consent.{name}") for name in ("client", "kind", "current", "over")]
        rows = [
            (
                Cell(self._departments.name(one.client_id, t.language), address("/consents", client=one.client_id)),
                Cell(t(f"admin.consent.kind_{one.kind}")),
                Cell(str(one.current)),
                Cell(str(one.ended)),
            )
            for one in self._acts.consents.counts(visit.who)
        ]
        table = Table(columns, rows, t("admin.consent.none"))
        return self._frame.list(visit, self.name, table, title=t("admin.consent.figures"))

    def show(self, visit: Visit, consent_id: str) -> WireResponse:
        """Show one: the proof of what was agreed to."""
        t, one = visit.t, self._acts.consents.show(visit.who, consent_id)
        facts = (
            (t("admin.consent.client"), Cell(self._departments.name(one.client_id, t.language))),
            (t("admin.consent.person"), person(one.account_id)),
            (t("admin.consent.kind"), Cell(t(f"admin.consent.kind_{one.kind}"))),
            (t("admin.consent.claims"), Cell(_names(visit, one.claims))),
            (t("admin.consent.declined"), Cell(_names(visit, one.declined))),
            (t("admin.consent.text"), Cell(one.text_version)),
            (t("admin.consent.given"), moment(t, one.given_at)),
            (t("admin.consent.ended"), moment(t, one.ended_at)),
        )
        forms = []
        if one.ended_at is None:
            title, why = t("admin.consent.withdraw"), Field("reason", t("admin.reason"), is_required=True)
            lead = t("admin.consent.withdraw_lead")
            forms.append(
                ActForm("withdraw", f"{ROOT}/consents/{one.id}/withdraw", title, title, (why,), lead, is_grave=True)
            )
        title = self._departments.name(one.client_id, t.language)
        return self._frame.detail(visit, self.name, Detail(title, "", (Section(one.id, facts),), forms))

    def withdraw(self, visit: Visit, form: Form, consent_id: str) -> WireResponse:
        """Withdraw in the person's name."""
        self._acts.consents.withdraw(visit.who, consent_id, reason(form))
        return self._frame.done(f"/consents/{consent_id}")

    def _row(self, visit: Visit, one: Consent) -> tuple[Cell, ...]:
        t = visit.t
        return (
            Cell(t.moment(one.given_at), f"{ROOT}/consents/{one.id}"),
            Cell(self._departments.name(one.client_id, t.language)),
            person(one.account_id),
            Cell(t(f"admin.consent.kind_{one.kind}")),
            Cell(_names(visit, one.claims)),
            moment(t, one.ended_at) if one.ended_at else NONE,
        )


def _names(visit: Visit, claims: int) -> str:
    return ", ".join(visit.t(f"claim.{name}") for name in claim_policy.unpack(claims)) or DASH
