"""Reorganisations of units: a document handed in, everything that it touches, a second person, and what is left to decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import client_path, reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, person, state
from idp.endpoints.admin.unit_decisions import way_to
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.reorganisations import moves_of, summed
from idp.flows.administration.units import ReorganisationSearch
from idp.ports.reorganisations import Reorganisation, ReorganisationState
from idp.protocol.wire import WireResponse, redirect
from idp.services.reorganisations import Plan
from idp.web.i18n import Translator
from idp.web.multipart import FILE_NAME
from policies.delegation import Action
from policies.units import Fate, Move

_CHANGES: Final = "/units/changes"
_DRAFT: Final = "/units/reorganise"
_MOST_SOURCE: Final = 200
_MOST_LEFT: Final = 50


class ReorganisationPages(ListPart):
    """``/admin/units/changes`` and ``/admin/units/reorganise``; part of the units' area."""

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, f"{_CHANGES}/<entry_id>"
        return (
            *self.listed(self.changes()),
            *self.listed(self.decisions()),
            frame.get(one, self.show),
            frame.post(f"{one}/undo", self.undo, _CHANGES),
            frame.get(_DRAFT, self.draft),
            frame.post(_DRAFT, self.upload, _DRAFT, with_files=True),
            frame.post(f"{_DRAFT}/ask", self.ask, _DRAFT),
            frame.get("/approvals/<approval_id>/reorganisation", self.waiting),
        )

    def changes(self) -> Listing[Reorganisation]:
        """Return the list of reorganisations."""
        return Listing(
            "units",
            _CHANGES,
            lambda visit, window: self._acts.units.reorganisations(visit.who, _wanted(visit), window),
            [f"admin.reorganisation.{name}" for name in ("source", "state", "effective", "made")],
            _row,
            "admin.reorganisation.none",
            Sheet("reorganisations", ("id", "state", "effective", "complete", "source"), _values),
            ("q", "state"),
            _fields,
            links=self._links,
            title="admin.unit.changes",
            lead="admin.reorganisation.lead",
        )

    def decisions(self) -> Listing[Move]:
        """Return the list of what hangs on no unit or on several: each leads to where it is decided."""
        names = ("what", "holder", "unit", "fate", "targets", "decide")
        return Listing(
            "units",
            f"{_CHANGES}/decisions",
            lambda visit, window: self._acts.units.undecided(visit.who, window, text=visit.query.get("q", "")),
            [f"admin.reorganisation.{name}" for name in names],
            lambda visit, move: (*_move(visit.t, move), _decide(visit.t, move)),
            "admin.reorganisation.decided",
            Sheet("decisions", ("kind", "holder", "count", "code", "unit", "fate"), _decision),
            ("q",),
            lambda visit, asked: (words_field(visit, asked, "admin.reorganisation.decision_words"),),
            title="admin.reorganisation.decisions",
            lead="admin.reorganisation.decisions_lead",
        )

    def _links(self, visit: Visit) -> tuple[Link, ...]:
        t, waiting = visit.t, len(self._acts.units.decisions(visit.who))
        links = [Link(f"{ROOT}{_CHANGES}/decisions", t("admin.reorganisation.decisions_count", count=waiting))]
        if self._frame.holds(visit, Action.UNIT_CHANGE, everywhere=True):
            links.insert(0, Link(ROOT + _DRAFT, t("admin.reorganisation.new")))
        return tuple(links)

    def show(self, visit: Visit, entry_id: str) -> WireResponse:
        """Show one, and until its day how it is taken back."""
        t, one = visit.t, self._acts.reorganisations.show(visit.who, entry_id)
        facts = (
            (t("admin.reorganisation.state"), state(t, one.state.value)),
            (t("admin.reorganisation.effective"), Cell(t.day(one.effective))),
            (t("admin.reorganisation.complete"), Cell(t.day(one.complete))),
            (t("admin.reorganisation.made"), moment(t, one.created_at)),
            (t("admin.reorganisation.settled"), moment(t, one.settled_at)),
        )
        forms = []
        may = self._frame.holds(visit, Action.UNIT_CHANGE, everywhere=True)
        if may and self._acts.reorganisations.may_undo(one):
            title = t("admin.reorganisation.undo")
            why = Field("reason", t("admin.reason"), is_required=True)
            action = f"{ROOT}{_CHANGES}/{entry_id}/undo"
            forms.append(
                ActForm("undo", action, title, title, (why,), t("admin.reorganisation.undo_lead"), is_grave=True)
            )
        links = (Link(address("/audit", event="unit:move"), t("admin.reorganisation.moved")),)
        crumbs = (Link(f"{ROOT}{_CHANGES}", t("admin.unit.changes")),)
        sections = (Section(t("admin.reorganisation.about"), facts), *self._left(visit, one))
        shown = Detail(one.source, "", sections, forms, links, crumbs)
        return self._frame.detail(visit, "units", shown)

    def _left(self, visit: Visit, one: Reorganisation) -> Iterator[Section]:
        """Return what one left to decide, once its days have come, each with the way to decide it."""
        t = visit.t
        found = [
            move
            for move in self._acts.units.decisions(visit.who)
            if move.unit.valid_to is not None and one.effective <= move.unit.valid_to <= one.complete
        ]
        names = ("what", "holder", "unit", "fate", "targets", "decide")
        rows = [(*_move(t, move), _decide(t, move)) for move in found[:_MOST_LEFT]]
        more = ROOT + f"{_CHANGES}/decisions" if len(found) > _MOST_LEFT else ""
        if rows:
            table = Table([t(f"admin.reorganisation.{name}") for name in names], rows, "", more)
            yield Section(t("admin.reorganisation.decisions"), table=table)

    def undo(self, visit: Visit, form: Form, entry_id: str) -> WireResponse:
        """Ask that one be taken back."""
        result = self._acts.reorganisations.undo(visit.who, entry_id, reason(form))
        return self._frame.after(result, f"{_CHANGES}/{entry_id}")

    def draft(self, visit: Visit) -> WireResponse:
        """Ask for a document; with ``show=1`` show what one's draft would do."""
        if not visit.query.get("show"):
            self._acts.reorganisations.enter(visit.who)
            return self._frame.page("reorganise", visit, area="units", action=ROOT + _DRAFT)
        name, text = self._acts.reorganisations.drafted(visit.who)
        plan = self._acts.reorganisations.preview(visit.who, name, text)
        t, title = visit.t, visit.t("admin.reorganisation.ask")
        why = Field("reason", t("admin.reason"), hint=t("admin.client.reason_hint"), is_required=True)
        form = ActForm("ask", f"{ROOT}{_DRAFT}/ask", title, title, (why,), t("admin.reorganisation.ask_lead"))
        links = (Link(ROOT + _DRAFT, t("admin.reorganisation.again")),)
        return self._plan(visit, name, plan, f"{_DRAFT}", {"show": "1"}, (form,), links)

    def upload(self, visit: Visit, form: Form) -> WireResponse:
        """Take a document and show what it would do; nothing is written."""
        name = first(form, f"document{FILE_NAME}") or first(form, "name")
        if not name or len(name) > _MOST_SOURCE:
            raise InvalidInput("choose a .json or .csv file", field="document")
        self._acts.reorganisations.draft(visit.who, name, first(form, "document"))
        return redirect(address(_DRAFT, show="1"))

    def ask(self, visit: Visit, form: Form) -> WireResponse:
        """Ask for the second person."""
        name, text = self._acts.reorganisations.drafted(visit.who)
        return self._frame.after(self._acts.reorganisations.ask(visit.who, name, text, reason(form)), _CHANGES)

    def waiting(self, visit: Visit, approval_id: str) -> WireResponse:
        """Show the second person what would happen."""
        plan = self._acts.reorganisations.waiting(visit.who, self._acts.approvals, approval_id)
        path = f"/approvals/{approval_id}"
        links = (Link(ROOT + path, visit.t("admin.reorganisation.to_approval")),)
        return self._plan(visit, visit.t("admin.reorganisation.waits"), plan, f"{path}/reorganisation", {}, (), links)

    def _plan(
        self,
        visit: Visit,
        title: str,
        plan: Plan,
        path: str,
        query: dict[str, str],
        forms: tuple[ActForm, ...],
        links: tuple[Link, ...],
    ) -> WireResponse:
        """Show what a document would do: the sums, then each holding, a page at a time."""
        t, only = visit.t, bool(visit.query.get("only"))
        found = moves_of(plan, visit.window, only_decisions=only)
        kept = {**query, **({"only": "1"} if only else {})}
        more = address(path, **kept, cursor=found.following) if found.following else ""
        other = {**query, **({} if only else {"only": "1"})}
        narrow = Link(address(path, **other), t("admin.reorganisation.all" if only else "admin.reorganisation.only"))
        facts = (
            (t("admin.reorganisation.effective"), Cell(t.day(plan.effective))),
            (t("admin.reorganisation.complete"), Cell(t.day(plan.complete))),
            (t("admin.reorganisation.rows"), Cell(str(plan.register.rows))),
            (t("admin.reorganisation.edges"), Cell(str(plan.register.edges))),
        )
        sums = [
            (Cell(_kind(t, kind)), Cell(t(f"admin.reorganisation.fate_{fate}")), Cell(str(count)))
            for (kind, fate), count in summed(plan).items()
        ]
        columns = [t(f"admin.reorganisation.{name}") for name in ("what", "fate", "count")]
        sections = (
            Section(t("admin.reorganisation.register"), facts, lines=[str(one) for one in plan.register.notices]),
            Section(t("admin.reorganisation.sums"), table=Table(columns, sums, t("admin.reorganisation.nothing"))),
            Section(
                t("admin.reorganisation.only" if only else "admin.reorganisation.all"),
                table=_moves(t, found.rows, t("admin.reorganisation.nothing"), more),
            ),
        )
        crumbs = (Link(f"{ROOT}{_CHANGES}", t("admin.unit.changes")),)
        shown = Detail(title, t("admin.reorganisation.preview_lead"), sections, forms, (*links, narrow), crumbs)
        return self._frame.detail(visit, "units", shown)


def _wanted(visit: Visit) -> ReorganisationSearch:
    return ReorganisationSearch(visit.query.get("q", ""), visit.query.get("state", ""))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    states = (("", t("admin.any")), *((one.value, t(f"admin.state.{one.value}")) for one in ReorganisationState))
    return (
        words_field(visit, asked, "admin.reorganisation.words"),
        Field("state", t("admin.reorganisation.state"), asked.get("state", ""), "select", states),
    )


def _moves(t: Translator, moves: Iterable[Move], empty: str, more: str) -> Table:
    columns = [t(f"admin.reorganisation.{name}") for name in ("what", "holder", "unit", "fate", "targets")]
    return Table(columns, [_move(t, one) for one in moves], empty, more)


def _move(t: Translator, move: Move) -> tuple[Cell, ...]:
    targets = ", ".join(f"{one.full_name} ({one.code})" for one in move.targets)
    fate = t(f"admin.reorganisation.fate_{move.fate.value}")
    return (
        Cell(_kind(t, move.holding.kind)),
        _holder(move),
        Cell(f"{move.unit.full_name} ({move.unit.code})", f"{ROOT}/units/{move.unit.code}"),
        Cell(fate, tone="" if move.fate is Fate.MOVES else "bad"),
        Cell(targets or DASH),
    )


def _row(visit: Visit, one: Reorganisation) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(one.source, f"{ROOT}{_CHANGES}/{one.id}"),
        state(t, one.state.value),
        Cell(t.day(one.effective)),
        moment(t, one.created_at),
    )


def _values(one: Reorganisation) -> tuple[object, ...]:
    return (one.id, one.state.value, one.effective, one.complete, one.source)


def _decision(move: Move) -> tuple[object, ...]:
    held, unit = move.holding, move.unit
    return (held.kind, held.holder, held.count, unit.code, unit.full_name, move.fate.value)


def _holder(move: Move) -> Cell:
    """Return what hangs on the unit, which leads to it; where persons are only counted, their number."""
    holding = move.holding
    if holding.kind == "client":
        return Cell(holding.holder, f"{ROOT}/clients/{client_path(holding.holder)}")
    principal = holding.holder.partition(" ")[0]
    if holding.kind == "role" and principal.startswith("account:"):
        return person(principal.partition(":")[2], holding.holder)
    return Cell(holding.holder or str(holding.count))


def _decide(t: Translator, move: Move) -> Cell:
    """Return where somebody decides: a system and a right on a page of their own, anything else as the text says."""
    kind = move.holding.kind
    if there := way_to(move):
        return Cell(t("admin.reorganisation.decide_now"), there)
    return Cell(t.either(f"admin.reorganisation.decide_{kind}", "admin.reorganisation.decide_other"))


def _kind(t: Translator, kind: str) -> str:
    return t.either(f"admin.reorganisation.kind_{kind}", "admin.reorganisation.kind_other")
