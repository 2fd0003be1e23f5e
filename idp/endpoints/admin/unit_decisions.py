"""The page on which what a reorganisation left is decided: whose a system is now, and over which unit a right goes on, or that it ends."""

from __future__ import annotations

from typing import Final

from idp.endpoints.admin.frame import ROOT, Part, Visit, address
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Link, Section
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.flows.administration.unit_decisions import END, MOVE, Question, Verdict
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from policies.units import Move

_PATH: Final = "/units/changes/decide"
_LIST: Final = "/units/changes/decisions"
DECIDED_HERE: Final = frozenset({"client", "role"})


class UnitDecisionPages(Part):
    """``/admin/units/changes/decide``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the page."""
        return (self._frame.get(_PATH, self.show), self._frame.post(_PATH, self.take, _LIST))

    def show(self, visit: Visit) -> WireResponse:
        """Show what there is to decide, and the ways to."""
        t, asked = visit.t, visit.asked("kind", "holder", "unit")
        question = Question(asked.get("kind", ""), asked.get("holder", ""), asked.get("unit", ""))
        move = self._acts.unit_decisions.find(visit.who, question)
        successors = ", ".join(f"{one.full_name} ({one.code})" for one in move.targets)
        facts = (
            (t("admin.reorganisation.what"), Cell(t(f"admin.reorganisation.kind_{question.kind}"))),
            (t("admin.reorganisation.holder"), Cell(move.holding.holder)),
            (t("admin.reorganisation.unit"), Cell(f"{move.unit.full_name} ({move.unit.code})")),
            (t("admin.reorganisation.fate"), Cell(t(f"admin.reorganisation.fate_{move.fate.value}"), tone="bad")),
            (t("admin.reorganisation.targets"), Cell(successors or t("admin.reorganisation.no_targets"))),
        )
        crumbs = (
            Link(f"{ROOT}/units/changes", t("admin.unit.changes")),
            Link(ROOT + _LIST, t("admin.reorganisation.decisions")),
        )
        title = t("admin.reorganisation.decide_title")
        shown = Detail(title, "", (Section(title, facts),), _forms(t, question, move), crumbs=crumbs)
        return self._frame.detail(visit, "units", shown)

    def take(self, visit: Visit, form: Form) -> WireResponse:
        """Decide."""
        question = Question(*(first(form, name) for name in ("kind", "holder", "unit")))
        verdict = Verdict(first(form, "verdict"), first(form, "target").strip(), reason(form))
        return self._frame.after(self._acts.unit_decisions.decide(visit.who, question, verdict), _LIST)


def way_to(move: Move) -> str:
    """Return the address at which something is decided, "" for what is decided elsewhere."""
    held = move.holding
    if held.kind not in DECIDED_HERE or not held.holder:
        return ""
    return address(_PATH, kind=held.kind, holder=held.holder, unit="@".join(move.unit.key))


def _forms(t: Translator, question: Question, move: Move) -> list[ActForm]:
    if question.kind not in DECIDED_HERE:
        return []
    hidden = (("kind", question.kind), ("holder", question.holder), ("unit", question.unit))
    first_of = move.targets[0].code if move.targets else ""
    target = Field(
        *("target", t("admin.reorganisation.target"), first_of), hint=t("admin.grant.unit_hint"), is_required=True
    )
    why = Field("reason", t("admin.reason"), hint=t("admin.client.reason_hint"), is_required=True)
    title = t(f"admin.reorganisation.move_{question.kind}")
    lead = t(f"admin.reorganisation.move_{question.kind}_lead")
    forms = [ActForm("move", ROOT + _PATH, title, title, (target, why), lead, hidden=(*hidden, ("verdict", MOVE)))]
    if question.kind == "role":
        title, lead = t("admin.reorganisation.end_role"), t("admin.reorganisation.end_role_lead")
        ending = (*hidden, ("verdict", END))
        forms.append(ActForm("end", ROOT + _PATH, title, title, (why,), lead, is_grave=True, hidden=ending))
    return forms
