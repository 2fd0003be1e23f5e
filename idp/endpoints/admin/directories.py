"""Directories of departments: how each stands, an examination step by step, and a dry run of the comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp.endpoints.admin.connections import FILTERS, fields, wanted
from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import reason
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, person
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.directories import DONE, DirectoryView, DryRun
from idp.model.directory import Check
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from policies.delegation import Action

_LONGEST: Final = 200
_TONES: Final = {"ok": "good", "failed": "bad", "go": "good", "dry_run": "good"}


class DirectoriesArea(ListPart):
    """``/admin/directories``."""

    name: Final = "directories"
    act: Final = Action.SETTINGS_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/directories/<name>"
        return (
            *self.listed(self.listing()),
            frame.get(one, self.show),
            frame.post(f"{one}/examine", self.examine, "/directories"),
            frame.post(f"{one}/compare", self.compare, "/directories"),
        )

    def listing(self) -> Listing[DirectoryView]:
        """Return the list."""
        names = ("title", "name", "servers", "last", "outcome", "gone", "moved")
        return Listing(
            self.name,
            "/directories",
            lambda visit, window: self._acts.directories.search(visit.who, wanted(visit), window),
            [f"admin.directory.{name}" for name in names],
            _row,
            "admin.directory.none",
            Sheet(
                "directories", ("name", "dialect", "servers", "left_alone", "day", "outcome", "gone", "moved"), _values
            ),
            filters=FILTERS,
            fields=fields,
            lead="admin.directory.lead",
        )

    def show(self, visit: Visit, name: str) -> WireResponse:
        """Show one."""
        t, view = visit.t, self._acts.directories.show(visit.who, name)
        facts = (
            (t("admin.directory.name"), Cell(view.source.name)),
            (t("admin.directory.dialect"), Cell(view.source.dialect)),
            (t("admin.directory.unit"), Cell(view.source.unit or DASH)),
            (t("admin.directory.people"), Cell(str(self._acts.directories.count(visit.who, name)))),
        )
        sections = [
            Section(t("admin.directory.about"), facts, _servers(t, view)),
            Section(t("admin.directory.comparison"), _last(t, view)),
        ]
        forms: list[ActForm] = []
        if self._frame.holds(visit, Action.SETTINGS_TEST, everywhere=True):
            found = self._acts.directories.dry_run(visit.who, name)
            sections += self._dry_run(visit, name, found) if found is not None else []
            forms = _forms(t, name)
        title = view.source.title.get(t.language) or view.source.title["vi"]
        links = (Link(address("/audit", event="directory:compare"), t("admin.directory.runs")),)
        return self._frame.detail(visit, self.name, Detail(title, t("admin.directory.process"), sections, forms, links))

    def examine(self, visit: Visit, form: Form, name: str) -> WireResponse:
        """Go through the configuration and show every step."""
        t, user_name = visit.t, first(form, "username").strip()
        if len(user_name) > _LONGEST:
            raise InvalidInput(f"must have at most {_LONGEST} characters", field="username")
        checks = self._acts.directories.examine(visit.who, name, user_name)
        crumbs = (Link(f"{ROOT}/directories", t("admin.area.directories")), Link(f"{ROOT}/directories/{name}", name))
        shown = Detail(
            t("admin.directory.examined"),
            t("admin.directory.examined_lead"),
            (Section(name, table=_steps(t, checks)),),
            crumbs=crumbs,
        )
        return self._frame.detail(visit, self.name, shown)

    def compare(self, visit: Visit, form: Form, name: str) -> WireResponse:
        """Ask for a dry run."""
        self._acts.directories.ask(visit.who, name, reason(form))
        return self._frame.done(f"/directories/{name}", "asked")

    def _dry_run(self, visit: Visit, name: str, found: DryRun) -> list[Section]:
        t, path = visit.t, f"/directories/{name}"
        facts = [
            (t("admin.directory.asked"), moment(t, found.asked_at)),
            (t("admin.directory.state"), Cell(t(f"admin.directory.state_{found.state}"))),
        ]
        if found.state != DONE:
            return [Section(t("admin.directory.dry_run"), facts, lines=(t("admin.directory.wait"),))]
        facts += [
            (t("admin.directory.finished"), moment(t, found.finished_at)),
            (t("admin.directory.outcome"), _outcome(t, found.outcome)),
            *((t(f"admin.directory.{one}"), Cell(str(count))) for one, count in found.counts.items()),
        ]
        rows = self._acts.directories.people(visit.who, name, visit.window)
        table = Table(
            [t("admin.directory.account"), t("admin.directory.what"), t("admin.directory.detail")],
            [
                (person(who), Cell(t(f"admin.directory.{what}")), Cell(detail or DASH))
                for who, what, detail in rows.rows
            ],
            t("admin.directory.nobody"),
            address(path, cursor=rows.following) if rows.following else "",
        )
        return [Section(t("admin.directory.dry_run"), facts, table, (found.why,) if found.why else ())]


def _row(visit: Visit, view: DirectoryView) -> tuple[Cell, ...]:
    t, source, last = visit.t, view.source, view.last
    alone = sum(one.is_left_alone for one in view.servers)
    servers = t("admin.directory.alone", count=alone, all=len(view.servers)) if alone else str(len(view.servers))
    counts = last.counts if last is not None else {}
    return (
        Cell(source.title.get(t.language) or source.title["vi"], f"{ROOT}/directories/{source.name}"),
        Cell(source.name),
        Cell(servers, tone="bad" if alone else "quiet-text"),
        Cell(t.day(last.day) if last is not None else DASH),
        _outcome(t, last.outcome) if last is not None else Cell(DASH),
        Cell(str(counts.get("gone", DASH))),
        Cell(str(counts.get("moved", DASH))),
    )


def _values(view: DirectoryView) -> list[object]:
    last, counts = view.last, view.last.counts if view.last is not None else {}
    alone = " ".join(one.url for one in view.servers if one.is_left_alone)
    known = [view.source.name, view.source.dialect, " ".join(view.source.servers), alone]
    return [
        *known,
        *((last.day, last.outcome) if last is not None else ("", "")),
        counts.get("gone"),
        counts.get("moved"),
    ]


def _servers(t: Translator, view: DirectoryView) -> Table:
    rows = [
        (
            Cell(one.url),
            Cell(
                t("admin.directory.left_alone" if one.is_left_alone else "admin.directory.asked_as_usual"),
                tone="bad" if one.is_left_alone else "good",
            ),
            Cell(one.failure or DASH),
        )
        for one in view.servers
    ]
    return Table([t(f"admin.directory.{name}") for name in ("server", "state", "failure")], rows, DASH)


def _last(t: Translator, view: DirectoryView) -> list[tuple[str, Cell]]:
    if view.last is None:
        return [(t("admin.directory.last"), Cell(t("admin.directory.never")))]
    last = view.last
    return [
        (t("admin.directory.last"), Cell(t.day(last.day))),
        (t("admin.directory.finished"), moment(t, last.finished_at)),
        (t("admin.directory.outcome"), _outcome(t, last.outcome)),
        *((t(f"admin.directory.{name}"), Cell(str(count))) for name, count in last.counts.items()),
    ]


def _outcome(t: Translator, outcome: str) -> Cell:
    text = t.either(f"admin.directory.outcome_{outcome}", "admin.directory.outcome_other")
    return Cell(text, tone=_TONES.get(outcome, "bad"))


def _steps(t: Translator, checks: Iterable[Check]) -> Table:
    rows = [
        (
            Cell(one.step),
            Cell(t(f"admin.directory.check_{one.state}"), tone=_TONES.get(one.state, "quiet-text")),
            Cell(one.server or DASH),
            Cell(one.detail or DASH),
            Cell(one.advice or DASH),
        )
        for one in checks
    ]
    columns = [t(f"admin.directory.{name}") for name in ("step", "outcome", "server", "detail", "advice")]
    return Table(columns, rows, DASH)


def _forms(t: Translator, name: str) -> list[ActForm]:
    examine, compare = t("admin.directory.examine"), t("admin.directory.compare")
    base = f"{ROOT}/directories/{name}"
    user = Field("username", t("admin.directory.username"), hint=t("admin.directory.username_hint"))
    why = Field("reason", t("admin.reason"), is_required=True)
    return [
        ActForm("examine", f"{base}/examine", examine, examine, (user,), t("admin.directory.examine_lead")),
        ActForm("compare", f"{base}/compare", compare, compare, (why,), t("admin.directory.compare_lead")),
    ]
