"""Identity providers above us: how each stands, what it publishes, and what we would make of an answer."""

from __future__ import annotations

from typing import Final

from idp.clock import Clock
from idp.endpoints.admin.connections import FILTERS, fields, wanted
from idp.endpoints.admin.frame import ROOT, ConsoleFrame, Visit, address
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, written
from idp.endpoints.admin.views import DASH, ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.errors import InvalidInput
from idp.flows.administration.upstreams import Read, UpstreamView
from idp.flows.administration.use_cases import UseCases
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from keys.strict_json import read_object
from policies.delegation import Action

_LONGEST: Final = 20_000


class UpstreamsArea(ListPart):
    """``/admin/upstreams``."""

    name: Final = "upstreams"
    act: Final = Action.SETTINGS_READ

    def __init__(self, frame: ConsoleFrame, acts: UseCases, clock: Clock) -> None:
        """Take collaborators; the clock tells whether an upstream is left alone now."""
        super().__init__(frame, acts)
        self._clock = clock

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame, one = self._frame, "/upstreams/<name>"
        return (
            *self.listed(self.listing()),
            frame.get(one, self.show),
            frame.post(f"{one}/examine", self.examine, "/upstreams"),
            frame.post(f"{one}/read", self.read, "/upstreams"),
        )

    def listing(self) -> Listing[UpstreamView]:
        """Return the list."""
        names = ("label", "name", "connector", "state", "highest", "failed_at")
        heads = ("name", "connector", "is_enabled", "fault", "failures", "failed_at", "why", "highest_acr")
        return Listing(
            self.name,
            "/upstreams",
            lambda visit, window: self._acts.upstreams.search(visit.who, wanted(visit), window),
            [f"admin.upstream.{name}" for name in names],
            self._row,
            "admin.upstream.none",
            Sheet("upstreams", heads, _values),
            filters=FILTERS,
            fields=fields,
            lead="admin.upstream.lead",
        )

    def show(self, visit: Visit, name: str) -> WireResponse:
        """Show one."""
        t, view = visit.t, self._acts.upstreams.show(visit.who, name)
        sections = [
            Section(t("admin.upstream.state"), self._facts(t, view), lines=(view.fault,) if view.fault else ()),
            Section(t("admin.upstream.levels"), table=_levels(t, view)),
            Section(t("admin.upstream.claims"), table=_claims(t, view)),
            Section(t("admin.upstream.keys"), lines=view.keys or (t("admin.upstream.no_keys"),)),
        ]
        may = self._frame.holds(visit, Action.SETTINGS_TEST, everywhere=True)
        links = (Link(address("/audit", event="upstream:sign-in", outcome="failed"), t("admin.upstream.failures")),)
        shown = Detail(_label(t, view), t("admin.upstream.process"), sections, _forms(t, name) if may else (), links)
        return self._frame.detail(visit, self.name, shown)

    def examine(self, visit: Visit, _form: Form, name: str) -> WireResponse:
        """Look at what the provider publishes."""
        t = visit.t
        rows = [
            (
                Cell(one.check),
                Cell(t("admin.upstream.ok" if one.ok else "admin.upstream.wrong"), tone="good" if one.ok else "bad"),
                Cell(one.text),
            )
            for one in self._acts.upstreams.examine(visit.who, name)
        ]
        columns = [t(f"admin.upstream.{one}") for one in ("check", "state", "seen")]
        section = Section(name, table=Table(columns, rows, DASH))
        shown = Detail(t("admin.upstream.examined"), "", (section,), crumbs=_crumbs(t, name))
        return self._frame.detail(visit, self.name, shown)

    def read(self, visit: Visit, form: Form, name: str) -> WireResponse:
        """Show what we would make of an answer."""
        t, text = visit.t, first(form, "fields")
        if len(text) > _LONGEST:
            raise InvalidInput(f"must have at most {_LONGEST} characters", field="fields")
        try:
            fields = read_object(text.encode())
        except ValueError as error:
            raise InvalidInput("must be one JSON object", field="fields") from error
        found = self._acts.upstreams.read(visit.who, name, fields)
        shown = Detail(
            t("admin.upstream.made"), t("admin.upstream.made_lead"), _made(t, found), crumbs=_crumbs(t, name)
        )
        return self._frame.detail(visit, self.name, shown)

    def _row(self, visit: Visit, view: UpstreamView) -> tuple[Cell, ...]:
        t = visit.t
        return (
            Cell(_label(t, view), f"{ROOT}/upstreams/{view.name}"),
            Cell(view.name),
            Cell(view.settings.connector),
            self._state(t, view),
            Cell(view.highest_acr or DASH),
            moment(t, view.standing.failed_at),
        )

    def _state(self, t: Translator, view: UpstreamView) -> Cell:
        if view.fault:
            return Cell(t("admin.upstream.state_fault"), tone="bad")
        if not view.settings.enabled:
            return Cell(t("admin.upstream.state_off"), tone="quiet-text")
        if self._clock.now() < view.standing.open_until:
            return Cell(t("admin.upstream.state_out"), tone="bad")
        return Cell(t("admin.upstream.state_offered"), tone="good")

    def _facts(self, t: Translator, view: UpstreamView) -> list[tuple[str, Cell]]:
        settings, standing = view.settings, view.standing
        yes, no = t("admin.upstream.yes"), t("admin.upstream.no")
        return [
            (t("admin.upstream.state"), self._state(t, view)),
            (t("admin.upstream.connector"), Cell(settings.connector)),
            (t("admin.upstream.issuer"), Cell(settings.issuer or settings.authorization_endpoint or DASH)),
            (t("admin.upstream.outages"), Cell(str(standing.failures))),
            (t("admin.upstream.failed_at"), moment(t, standing.failed_at)),
            (t("admin.upstream.why"), Cell(standing.why or DASH)),
            (t("admin.upstream.answered_at"), moment(t, standing.answered_at)),
            (t("admin.upstream.vouches"), Cell(yes if settings.vouches_for_code else no)),
            (t("admin.upstream.creates"), Cell(yes if settings.creates else no)),
            (t("admin.upstream.highest"), Cell(view.highest_acr or DASH)),
        ]


def _values(view: UpstreamView) -> list[object]:
    settings, standing = view.settings, view.standing
    failed = written(standing.failed_at) if standing.failed_at is not None else ""
    known = [view.name, settings.connector, settings.enabled, view.fault, standing.failures]
    return [*known, failed, standing.why, view.highest_acr]


def _label(t: Translator, view: UpstreamView) -> str:
    return view.settings.label.get(t.language) or view.settings.label["vi"]


def _levels(t: Translator, view: UpstreamView) -> Table:
    base = view.settings
    first_row = (
        Cell(t("admin.upstream.otherwise")),
        Cell(DASH),
        Cell(base.base_acr),
        Cell(str(base.base_identity_level)),
    )
    rows = [
        (Cell(one.field), Cell(one.value), Cell(one.acr or DASH), Cell(str(one.identity_level or DASH)))
        for one in view.levels
    ]
    columns = [t(f"admin.upstream.{name}") for name in ("field", "value", "acr", "identity_level")]
    return Table(columns, [*rows, first_row], DASH)


def _claims(t: Translator, view: UpstreamView) -> Table:
    columns = [t(f"admin.upstream.{name}") for name in ("field", "becomes", "transform")]
    rows = [(Cell(one.field), Cell(one.to), Cell(one.transform)) for one in view.rules]
    return Table(columns, rows, t("admin.upstream.no_claims"))


def _made(t: Translator, found: Read) -> tuple[Section, ...]:
    mapped, assessed = found.mapped, found.assessed
    facts = [
        (t("admin.upstream.acr"), Cell(assessed.acr)),
        ("amr", Cell(" ".join(assessed.amr) or DASH)),
        (t("admin.upstream.identity_level"), Cell(str(assessed.identity_level))),
        (t("admin.upstream.code"), Cell(f"{mapped.code_type}: {mapped.code}" if mapped.code else DASH)),
        (t("admin.upstream.unread"), Cell(", ".join(mapped.unread) or DASH)),
    ]
    rows = [(Cell(name), Cell(value)) for name, value in mapped.attributes.items()]
    table = Table([t("admin.upstream.becomes"), t("admin.upstream.value")], rows, t("admin.upstream.nothing"))
    return (Section(t("admin.upstream.levels"), facts), Section(t("admin.upstream.claims"), table=table))


def _crumbs(t: Translator, name: str) -> tuple[Link, ...]:
    return (Link(f"{ROOT}/upstreams", t("admin.area.upstreams")), Link(f"{ROOT}/upstreams/{name}", name))


def _forms(t: Translator, name: str) -> list[ActForm]:
    examine, read, base = t("admin.upstream.examine"), t("admin.upstream.read"), f"{ROOT}/upstreams/{name}"
    fields = Field(
        "fields", t("admin.upstream.fields"), kind="area", hint=t("admin.upstream.fields_hint"), is_required=True
    )
    return [
        ActForm("examine", f"{base}/examine", examine, examine, (), t("admin.upstream.examine_lead")),
        ActForm("read", f"{base}/read", read, read, (fields,), t("admin.upstream.read_lead")),
    ]
