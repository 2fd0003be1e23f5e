"""Consents and notices: search, proof, withdrawal in a person's name, figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from idp.endpoints import receipt_purposes
from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Visit, address
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import NONE, moment, person, written
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.admin.withdrawals import Withdrawals
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Form
from idp.endpoints.routes import Route
from idp.flows.administration.consents import ConsentSearch, ConsentView
from idp.flows.administration.use_cases import UseCases
from idp.ports.consents import Consent, ConsentCount
from idp.protocol.wire import WireResponse
from policies import claims as claim_policy
from policies.delegation import Action

_FILTERS: Final = ("q", "client", "account", "state")
_NAMED: Final = ("q",)


class Consents(ListPart):
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
            *self.listed(self.listing()),
            *self.listed(self.figures()),
            *Withdrawals(frame, self._acts, self._departments).routes(),
            frame.get(one, self.show),
            frame.post(f"{one}/withdraw", self.withdraw, "/consents"),
        )

    def listing(self) -> Listing[Consent]:
        """Return the list of consents and notices."""
        columns = ("given", "client", "person", "kind", "claims", "ended")
        heads = ("id", "given_at", "client_id", "account_id", "kind", "claims", "declined", "text_version", "ended_at")
        return Listing(
            self.name,
            "/consents",
            lambda visit, window: self._acts.consents.search(visit.who, _wanted(visit), window),
            [f"admin.consent.{name}" for name in columns],
            self._row,
            "admin.consent.none",
            Sheet("consents", heads, _values),
            _FILTERS,
            _fields,
            lambda visit: (
                Link(f"{ROOT}/consents/figures", visit.t("admin.consent.figures")),
                Link(f"{ROOT}/consents/withdrawals", visit.t("admin.withdrawal.title")),
            ),
        )

    def figures(self) -> Listing[ConsentCount]:
        """Return the list of how many there are, by system."""
        return Listing(
            self.name,
            "/consents/figures",
            lambda visit, window: self._acts.consents.figures(visit.who, window, visit.query.get("q", "")),
            [f"admin.consent.{name}" for name in ("client", "kind", "current", "over")],
            self._figures,
            "admin.consent.none",
            Sheet("consent-figures", ("client_id", "kind", "current", "ended"), _count),
            _NAMED,
            lambda visit, asked: (words_field(visit, asked, "admin.client.words"),),
            title="admin.consent.figures",
        )

    def _figures(self, visit: Visit, one: ConsentCount) -> tuple[Cell, ...]:
        t = visit.t
        return (
            Cell(self._departments.name(one.client_id, t.language), address("/consents", client=one.client_id)),
            Cell(t(f"admin.consent.kind_{one.kind}")),
            Cell(str(one.current)),
            Cell(str(one.ended)),
        )

    def show(self, visit: Visit, consent_id: str) -> WireResponse:
        """Show one: the proof of what was agreed to."""
        t, view = visit.t, self._acts.consents.show(visit.who, consent_id)
        one = view.consent
        facts = (
            (t("admin.consent.client"), Cell(self._departments.name(one.client_id, t.language))),
            (t("admin.consent.person"), person(one.account_id)),
            (t("admin.consent.kind"), Cell(t(f"admin.consent.kind_{one.kind}"))),
            (t("admin.consent.claims"), Cell(_names(visit, one.claims))),
            (t("admin.consent.declined"), Cell(_names(visit, one.declined))),
            (t("admin.consent.text_corrected" if view.is_corrected else "admin.consent.text"), Cell(one.text_version)),
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
        about = Section(t("admin.details"), ((t("admin.id"), Cell(one.id)), *facts))
        return self._frame.detail(
            visit,
            self.name,
            Detail(
                title,
                "",
                (about, *_purposes(visit, view)),
                forms,
            ),
        )

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


def _purposes(visit: Visit, view: ConsentView) -> Iterator[Section]:
    """Return what stood on the page, purpose by purpose, as the person read it and with what was answered."""
    t, text = visit.t, view.text
    for one in receipt_purposes.shown(t, view.consent, text):
        yield Section(
            one["text"],
            (
                (t("admin.client.legal_basis"), Cell(t(f"admin.basis.{one['basis']}"))),
                (t("admin.consent.claims"), Cell(one["claims"] or DASH)),
                (t("admin.consent.declined"), Cell(one["declined"] or DASH)),
                (t("admin.consent.text"), Cell(one["version"])),
            ),
        )
    if text is not None and not text.purposes:
        facts = (
            (t("admin.client.purpose"), Cell(text.purpose.get(t.language) or text.purpose["vi"])),
            (t("admin.client.legal_basis"), Cell(t(f"admin.basis.{text.legal_basis}"))),
        )
        yield Section(t("admin.consent.shown"), facts)


def _names(visit: Visit, claims: int) -> str:
    return "; ".join(visit.t(f"claim.{name}") for name in claim_policy.unpack(claims)) or DASH


def _wanted(visit: Visit) -> ConsentSearch:
    asked = visit.asked(*_FILTERS)
    return ConsentSearch(*(asked.get(name, "") for name in ("client", "account", "state", "q")))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (("", t("admin.any")), ("current", t("admin.consent.current")), ("ended", t("admin.consent.over")))
    return (
        words_field(visit, asked, "admin.client.words"),
        Field("client", "client_id", asked.get("client", "")),
        Field("account", t("admin.consent.account"), asked.get("account", "")),
        Field("state", t("admin.consent.state"), asked.get("state", ""), "select", states),
    )


def _values(one: Consent) -> tuple[object, ...]:
    claims, declined = (" ".join(claim_policy.unpack(names)) for names in (one.claims, one.declined))
    begun = (one.id, written(one.given_at), one.client_id, one.account_id, one.kind)
    return (*begun, claims, declined, one.text_version, written(one.ended_at))


def _count(one: ConsentCount) -> tuple[object, ...]:
    return (one.client_id, one.kind, one.current, one.ended)
