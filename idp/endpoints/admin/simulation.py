"""What would happen if a person came to a system now: asked by a form, so that nothing about the person stands in an address."""

from __future__ import annotations

from collections.abc import Iterator

from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.tables import person
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.flows.administration.simulation import Question, Simulated
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from policies.assurance import LEVELS

_GOOD = frozenset({"answer", "released"})
_BAD = frozenset({"unmet", "no_capacity"})


class SimulationPages(Part):
    """``/admin/clients/<client_id>/simulate``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        one = "/clients/<client_id>/simulate"
        return (self._frame.get(one, self.ask), self._frame.post(one, self.answer, "/clients"))

    def ask(self, visit: Visit, client_id: str) -> WireResponse:
        """Show the question."""
        t, view = visit.t, self._acts.clients.show(visit.who, client_id)
        self._acts.simulation.enter(visit.who)
        levels = (("", t("admin.simulation.no_wish")), *((one, _level(t, one)) for one in LEVELS))
        fields = (
            Field("account", t("admin.simulation.account"), hint=t("admin.simulation.account_hint"), is_required=True),
            Field("scope", "scope", " ".join(sorted(view.client.scope)), hint=t("admin.simulation.scope_hint")),
            Field("acr", t("admin.simulation.acr"), "", "select", levels),
        )
        return self._frame.page(
            "form",
            visit,
            area="clients",
            title=t("admin.simulation.title"),
            lead=t("admin.simulation.lead", name=view.client.name(t.language)),
            problem="",
            action=f"{ROOT}/clients/{client_path(client_id)}/simulate",
            id="simulation-form",
            hidden=(),
            fields=fields,
            buttons=(("simulation-submit", t("admin.simulation.ask"), "primary"),),
            sections=(),
        )

    def answer(self, visit: Visit, form: Form, client_id: str) -> WireResponse:
        """Show what would happen, and why."""
        t = visit.t
        question = Question(first(form, "account").strip(), client_id, first(form, "scope"), first(form, "acr"))
        found = self._acts.simulation.ask(visit.who, question)
        base = f"{ROOT}/clients/{client_path(client_id)}"
        shown = Detail(
            t("admin.simulation.title"),
            t("admin.simulation.nothing_done"),
            list(_sections(t, found)),
            links=(Link(f"{base}/simulate", t("admin.simulation.again")),),
            crumbs=(
                Link(f"{ROOT}/clients", t("admin.area.clients")),
                Link(base, found.client.client.name(t.language)),
            ),
        )
        return self._frame.detail(visit, "clients", shown)


def _sections(t: Translator, found: Simulated) -> Iterator[Section]:
    names = ", ".join(t.either(f"ways.{one}", "ways.password") for one in found.factors)
    tone = "bad" if found.obstacles or found.outcome in _BAD else "good" if found.outcome in _GOOD else ""
    outcome = t("admin.simulation.stopped") if found.obstacles else t(f"admin.simulation.step_{found.outcome}")
    facts = (
        (t("admin.simulation.outcome"), Cell(outcome, tone=tone)),
        (t("admin.simulation.account"), person(found.account.account.id, found.account.name)),
        (t("admin.simulation.needed"), Cell(_level(t, found.needed))),
        (t("admin.simulation.reached"), Cell(_level(t, found.reached))),
        (t("admin.simulation.reachable"), Cell(_level(t, found.reachable))),
        (t("admin.account.factors"), Cell(names or DASH)),
        (t("admin.simulation.screen"), Cell(t(f"admin.simulation.screen_{found.screen}"))),
        (t("admin.account.unit"), Cell(str(found.account.account.unit or DASH))),
        (t("admin.client.unit"), Cell(", ".join(found.client.unit_names) or t("admin.client.no_unit"))),
    )
    yield Section(t("admin.simulation.result"), facts, lines=[_obstacle(t, one) for one in found.obstacles])
    yield Section(t("admin.simulation.steps"), table=_steps(t, found))
    yield Section(t("admin.simulation.claims"), table=_claims(t, found))
    demands = [t(f"admin.simulation.{one}") for one in found.demands]
    yield Section(t("admin.simulation.demands"), lines=demands or [t("admin.simulation.no_demands")])


def _steps(t: Translator, found: Simulated) -> Table:
    columns = [t(f"admin.simulation.{name}") for name in ("step", "why", "level", "enough")]
    rows = [
        (
            Cell(t(f"admin.simulation.step_{one.step}")),
            Cell(t.either(f"admin.simulation.because_{one.reason}", "admin.simulation.because_other")),
            Cell(_level(t, one.acr)),
            Cell(", ".join(t.either(f"ways.{name}", "ways.password") for name in one.factors) or DASH),
        )
        for one in found.passages
    ]
    return Table(columns, rows, DASH)


def _claims(t: Translator, found: Simulated) -> Table:
    columns = [t(f"admin.simulation.{name}") for name in ("claim", "scope", "fate")]
    rows = [
        (
            Cell(t(f"claim.{one.name}")),
            Cell(one.scope),
            Cell(t(f"admin.simulation.fate_{one.fate}"), tone="good" if one.fate in _GOOD else "quiet-text"),
        )
        for one in found.claims
    ]
    return Table(columns, rows, t("consent.nothing"))


def _obstacle(t: Translator, obstacle: str) -> str:
    kind, _, rest = obstacle.partition("_")
    if kind == "lock":
        return t("admin.simulation.locked", ground=t.either(f"lock.{rest}", "admin.state.other"))
    if kind in {"account", "client"} and rest != "without_unit":
        return t(f"admin.simulation.{kind}_is", state=t.either(f"admin.state.{rest}", "admin.state.other"))
    return t(f"admin.simulation.{obstacle}")


def _level(t: Translator, acr: str) -> str:
    return t("admin.simulation.loa", level=acr.rpartition(":")[2]) if acr else DASH
