"""The test sign-in of a system: what it would send, what it would get, and whether all of that holds together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from idp.clock import VIETNAM
from idp.endpoints.admin.frame import ROOT, Part, Visit
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.views import DASH, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.flows.administration.client_tests import TrialRun, TrialWish
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from policies import claims as claim_policy
from policies.assurance import LEVELS

_MOMENTS: Final = frozenset({"exp", "iat", "auth_time"})
_LONGEST: Final = 2048


class ClientTestPages(Part):
    """``/admin/clients/<client_id>/test``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        one = "/clients/<client_id>/test"
        return (self._frame.get(one, self.ask), self._frame.post(one, self.run, "/clients"))

    def ask(self, visit: Visit, client_id: str) -> WireResponse:
        """Show what can be tried."""
        t, client = visit.t, self._acts.client_tests.enter(visit.who, client_id).client
        scope = " ".join(one for one in claim_policy.SCOPES if one in client.scope and one != "offline_access")
        levels = (("", t("admin.simulation.no_wish")), *((one, one) for one in LEVELS))
        uris = [(one, one) for one in client.redirect_uris]
        fields = (
            Field("redirect_uri", t("admin.client.redirect_uris"), "", "select", uris),
            Field("scope", "scope", scope, hint=t("admin.simulation.scope_hint")),
            Field("acr", t("admin.simulation.acr"), "", "select", levels),
        )
        return self._frame.page(
            "form",
            visit,
            area="clients",
            title=t("admin.trial.title"),
            lead=t("admin.trial.lead", name=client.name(t.language)),
            problem="" if uris else t("admin.trial.no_redirect"),
            action=f"{ROOT}/clients/{client_path(client_id)}/test",
            id="trial-form",
            hidden=(),
            fields=fields if uris else (),
            buttons=(("trial-submit", t("admin.trial.start"), "primary"),) if uris else (),
            sections=(),
        )

    def run(self, visit: Visit, form: Form, client_id: str) -> WireResponse:
        """Try it, and show the protocol."""
        t, client = visit.t, self._acts.client_tests.enter(visit.who, client_id).client
        wish = TrialWish(
            first(form, "redirect_uri")[:_LONGEST], first(form, "scope")[:_LONGEST], first(form, "acr")[:_LONGEST]
        )
        made = self._acts.client_tests.run(visit.who, client_id, visit.exchange.session_secret or "", wish)
        base = f"{ROOT}/clients/{client_path(client_id)}"
        shown = Detail(
            t("admin.trial.title"),
            t("admin.trial.good" if made.is_good else "admin.trial.bad"),
            list(_sections(t, made)),
            links=(Link(f"{base}/test", t("admin.simulation.again")),),
            crumbs=(Link(f"{ROOT}/clients", t("admin.area.clients")), Link(base, client.name(t.language))),
        )
        return self._frame.detail(visit, "clients", shown)


def _sections(t: Translator, made: TrialRun) -> Iterator[Section]:
    columns = [t(f"admin.trial.{name}") for name in ("check", "result", "detail")]
    rows = [
        (
            Cell(t(f"admin.trial.check_{one.name}")),
            Cell(
                t("admin.trial.passed" if one.is_passed else "admin.trial.failed"),
                tone="good" if one.is_passed else "bad",
            ),
            Cell(one.detail or DASH),
        )
        for one in made.checks
    ]
    yield Section(t("admin.trial.checks"), table=Table(columns, rows, DASH))
    yield Section(t("admin.trial.request"), [(name, Cell(value)) for name, value in made.request.items()])
    steps = [
        (
            Cell(t(f"admin.simulation.step_{step}")),
            Cell(t.either(f"admin.simulation.because_{reason}", "admin.simulation.because_other")),
        )
        for step, reason in made.steps
    ]
    if steps:
        yield Section(
            t("admin.simulation.steps"),
            table=Table([t("admin.simulation.step"), t("admin.simulation.why")], steps, DASH),
        )
    if made.response is not None:
        facts = [(name, Cell(value or t("admin.change.hidden"))) for name, value in made.response.items()]
        yield Section(t("admin.trial.response"), facts)
    for token in made.tokens:
        facts = [(f"{name} (header)", Cell(str(value))) for name, value in token.header.items() if value]
        yield Section(t(f"admin.trial.{token.kind}"), [*facts, *_claims(t, token.claims)])


def _claims(t: Translator, claims: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    for name, value in claims.items():
        if name in _MOMENTS and isinstance(value, int):
            when = datetime.fromtimestamp(value, VIETNAM)
            yield name, Cell(f"{value} ({when:%d/%m/%Y %H:%M:%S})")
        elif name == "cnf":
            yield name, Cell(t("admin.trial.bound"))
        else:
            yield name, Cell(value if isinstance(value, str) else orjson.dumps(value).decode())
