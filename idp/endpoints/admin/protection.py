"""For the data-protection officer: figures over a period, the record of processing, and the bundle after a breach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from idp.clock import Clock
from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Visit, address
from idp.endpoints.admin.inputs import day, minute, reason
from idp.endpoints.admin.lists import Listing, ListPart, words_field
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.breach_files import bundle_of
from idp.endpoints.departments import Departments
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.flows.administration.breaches import BreachQuestion
from idp.flows.administration.paging import Page, Window
from idp.flows.administration.protection import Processing, ProtectionReport, SystemFigures
from idp.flows.administration.use_cases import UseCases
from idp.protocol.wire import StreamedResponse, WireResponse
from idp.web.i18n import Translator
from policies.breach import Scope
from policies.delegation import Action

PATH: Final = "/data-protection"
_DAY: Final = 86400
_PERIOD: Final = 90 * _DAY
_FILTERS: Final = ("q", "from", "to")
_HEADS: Final = (
    *("client_id", "name", "unit", "unit_name", "state", "purpose", "legal_basis", "categories", "claims"),
    *("recipients", "refresh_days", "history_years", "measures", "contacts"),
)
_FIGURES: Final = ("client_id", "given", "told", "withdrawn", "declined", "corrected")


class Protection(ListPart):
    """``/admin/data-protection``."""

    name: Final = "data-protection"
    act: Final = Action.CONSENT_COUNT

    def __init__(self, frame: ConsoleFrame, acts: UseCases, departments: Departments, clock: Clock) -> None:
        """Take collaborators."""
        super().__init__(frame, acts)
        self._departments = departments
        self._clock = clock

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        figures: Sheet[SystemFigures] = Sheet(
            "data-protection", _FIGURES, lambda one: [getattr(one, name) for name in _FIGURES]
        )
        return (
            frame.get(PATH, self.report),
            self.filed(PATH, figures, self._figures, _FILTERS),
            *self.listed(self.processing()),
            frame.get(f"{PATH}/breach", self.breach),
            frame.post(f"{PATH}/breach", self.collect, f"{PATH}/breach"),
        )

    def report(self, visit: Visit) -> WireResponse:
        """Show the figures of a period."""
        t, (since, until) = visit.t, self._period(visit)
        found = self._acts.protection.report(visit.who, since, until, visit.query.get("q", ""))
        days = {"from_day": t.moment(since)[:10], "to_day": t.moment(until - 1)[:10]}
        links = [
            Link(address(f"{PATH}.csv", **visit.asked(*_FILTERS)), t("admin.export")),
            Link(f"{ROOT}{PATH}/processing", t("protection.processing")),
        ]
        if self._frame.holds(visit, Action.BREACH_COLLECT):
            links.append(Link(f"{ROOT}{PATH}/breach", t("protection.breach")))
        sections = [
            Section(t("protection.consents"), table=self._systems(t, found)),
            Section(t("protection.requests"), table=_requests(t, found)),
        ]
        if found.looks is not None:
            facts = [
                (t(f"protection.{event.replace(':', '_').replace('-', '_')}"), Cell(str(count)))
                for event, count in found.looks
            ]
            sections.append(Section(t("protection.looks"), facts, lines=() if facts else (t("protection.no_looks"),)))
        return self._frame.page(
            "protection",
            visit,
            area=self.name,
            shown=Detail(t("protection.title"), t("protection.lead", **days), sections, links=links),
            filters=(
                words_field(visit, visit.asked(*_FILTERS), "admin.client.words"),
                Field("from", t("admin.audit.from"), visit.query.get("from", ""), "date"),
                Field("to", t("admin.audit.to"), visit.query.get("to", ""), "date"),
            ),
        )

    def processing(self) -> Listing[Processing]:
        """Return the record of processing."""
        columns = ("system", "unit", "purposes", "categories", "measures")
        return Listing(
            self.name,
            f"{PATH}/processing",
            lambda visit, window: self._acts.protection.processing(visit.who, window, visit.query.get("q", "")),
            [f"protection.{name}" for name in columns],
            _processing_row,
            "admin.client.none",
            Sheet("processing", _HEADS, _values),
            _FILTERS[:1],
            lambda visit, asked: (words_field(visit, asked, "admin.client.words"),),
            links=lambda visit: (Link(f"{ROOT}{PATH}", visit.t("protection.title")),),
            title="protection.processing",
            lead="protection.processing_lead",
        )

    def breach(self, visit: Visit) -> WireResponse:
        """Show the form by which a bundle is collected."""
        self._acts.breaches.enter(visit.who)
        t = visit.t
        scopes = [(one.value, t(f"breach.scope_{one.value}")) for one in Scope]
        hint = t("protection.moment_hint")
        fields = (
            Field("scope", t("protection.scope"), "client", "select", scopes),
            Field("ids", t("protection.ids"), kind="area", hint=t("protection.ids_hint"), is_required=True),
            *(
                Field(name, t(f"protection.{name}"), "", "datetime-local", hint=hint, is_required=True)
                for name in ("since", "until", "discovered")
            ),
            Field("reason", t("protection.what_happened"), is_required=True),
        )
        form = ActForm(
            *("collect", f"{ROOT}{PATH}/breach", t("protection.collect"), t("protection.collect"), fields),
            lead=t("protection.collect_lead"),
        )
        crumbs = (Link(f"{ROOT}{PATH}", t("protection.title")),)
        shown = Detail(t("protection.breach"), t("protection.breach_lead"), (), (form,), crumbs=crumbs)
        return self._frame.detail(visit, self.name, shown)

    def collect(self, visit: Visit, form: Form) -> WireResponse:
        """Hand out the bundle as one file, in pieces."""
        asked = BreachQuestion(
            first(form, "scope"),
            tuple(first(form, "ids").split()),
            _moment(form, "since"),
            _moment(form, "until"),
            _moment(form, "discovered"),
            reason(form),
        )
        self._acts.breaches.begin(visit.who, asked)
        now, name = self._clock.now(), self._acts.breaches.name

        def pieces() -> Iterator[bytes]:
            with self._acts.breaches.collected(visit.who, asked) as found:
                yield from bundle_of(found, asked, now, name)

        headers = (
            ("Content-Type", "application/zip"),
            ("Content-Disposition", 'attachment; filename="breach.zip"'),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        )
        return StreamedResponse(200, headers, chunks=pieces())

    def _period(self, visit: Visit) -> tuple[int, int]:
        until = day(visit.query.get("to", ""), "to", is_end=True)
        until = (until if until is not None else self._clock.now()) + 1
        since = day(visit.query.get("from", ""), "from")
        return (since if since is not None else max(0, until - _PERIOD)), until

    def _figures(self, visit: Visit, _window: Window) -> Page[SystemFigures]:
        return Page(self._acts.protection.report(visit.who, *self._period(visit), visit.query.get("q", "")).systems)

    def _systems(self, t: Translator, found: ProtectionReport) -> Table:
        columns = [t("protection.system"), *(t(f"protection.{name}") for name in _FIGURES[1:])]
        rows = [
            (
                Cell(self._departments.name(one.client_id, t.language), address("/consents", client=one.client_id)),
                *(Cell(str(getattr(one, name))) for name in _FIGURES[1:]),
            )
            for one in found.systems
        ]
        return Table(columns, rows, t("admin.consent.none"))


def _requests(t: Translator, found: ProtectionReport) -> Table:
    """Return the requests by kind, of all systems together."""
    names = ("open", "overdue", "kept", "missed", "cancelled")
    sums: dict[str, list[int]] = {}
    for one in found.requests:
        row = sums.setdefault(one.kind, [0] * len(names))
        for at, name in enumerate(names):
            row[at] += getattr(one, name)
    columns = [t("data_request.kind"), *(t(f"protection.request_{name}") for name in names)]
    rows = [(Cell(t(f"data_request.{kind}")), *(Cell(str(one)) for one in row)) for kind, row in sums.items()]
    return Table(columns, rows, t("admin.consent.none"))


def _processing_row(visit: Visit, one: Processing) -> tuple[Cell, ...]:
    t = visit.t
    purposes = "; ".join(
        f"{each.text_in(t.language)} ({t(f'admin.basis.{each.legal_basis}')})" for each in one.purposes
    )
    return (
        Cell(one.name, address("/clients", q=one.client_id)),
        Cell(one.unit_name or one.unit),
        Cell(purposes),
        Cell(", ".join(t(f"breach.category_{each}") for each in one.categories) or DASH),
        Cell(", ".join(t(f"protection.measure_{each}") for each in one.measures)),
    )


def _values(one: Processing) -> Sequence[object]:
    return [
        *(one.client_id, one.name, one.unit, one.unit_name, one.state),
        "; ".join(each.text_in("vi") for each in one.purposes),
        "; ".join(each.legal_basis for each in one.purposes),
        *("; ".join(each) for each in (one.categories, one.claims, one.recipients)),
        *(one.refresh_days, one.history_years, "; ".join(one.measures), "; ".join(one.contacts)),
    ]


def _moment(form: Mapping[str, tuple[str, ...]], name: str) -> int:
    """Return a moment in Vietnam's time, written ``2026-11-27T08:30`` as browsers send it, or with a space; raises ``InvalidInput``."""
    return minute(first(form, name).strip().replace(" ", "T", 1), name)
