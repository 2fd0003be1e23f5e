"""Signing keys: the timeline of each algorithm, rotation, the emergency and its drill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from idp.endpoints.admin.frame import ROOT, Visit, address
from idp.endpoints.admin.inputs import minute, reason
from idp.endpoints.admin.lists import FILE, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import moment, state, written
from idp.endpoints.admin.views import ActForm, Cell, Detail, Field, Link, Section, Table
from idp.endpoints.desk import Form, first
from idp.endpoints.routes import Route
from idp.flows.administration.keys import KeySearch
from idp.flows.administration.paging import MOST, Page, Window
from idp.flows.key_drill import Drill
from idp.flows.key_drill_orders import DrillOrder
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator
from keys.model import KeyState
from keys.rows import KeyRow
from policies.delegation import Action

_HEADS: Final = ("kid", "alg", "use", "state", "created", "activates", "retires", "moved_from")
_FILTERS: Final = ("alg", "state", "q")
_RETIRABLE: Final = "active"
_DEAD: Final = frozenset({"revoked", "removed"})
_DRILLED: Final = ("max_age", "published_for", "accepted_for", "known_after", "cached_after")


class Keys(ListPart):
    """``/admin/keys``."""

    name: Final = "keys"
    act: Final = Action.KEY_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            frame.get("/keys", self.all),
            self.filed("/keys", Sheet("keys", _HEADS, _values), self._search, _FILTERS),
            frame.get("/keys/<kid>", self.show),
            frame.post("/keys/rotate", self.rotate, "/keys"),
            frame.post("/keys/drill", self.drill, "/keys"),
            frame.post("/keys/<kid>/schedule", self.schedule, "/keys"),
            frame.post("/keys/<kid>/unschedule", self.unschedule, "/keys"),
            frame.post("/keys/<kid>/retire", self.retire, "/keys"),
            frame.post("/keys/<kid>/revoke", self.revoke, "/keys"),
        )

    def all(self, visit: Visit) -> WireResponse:
        """Show the timeline of each algorithm, what the last drill found, the rotation and the drill."""
        t, asked, rows = visit.t, visit.asked(*_FILTERS), self._acts.keys.rows(visit.who)
        shown = self._search(visit, Window("", MOST)).rows
        columns = [t(f"admin.key.{name}") for name in ("kid", "state", "made", "activates", "retires")]
        algs = sorted({row.alg for row in rows})
        sections = [
            Section(
                alg,
                table=Table(columns, [_row(visit, row) for row in shown if row.alg == alg], t("admin.key.none")),
            )
            for alg in algs
            if asked.get("alg", alg) == alg
        ]
        drill, order = self._acts.keys.last_drill(visit.who)
        sections.append(_drilled(visit, drill, order))
        rotate = _by_algorithm(visit, "rotate", algs)
        signing = [alg for alg in algs if any(row.alg == alg and row.use == "sig" for row in rows)]
        forms = (rotate,) if order else (rotate, _by_algorithm(visit, "drill", signing))
        links, filters = (Link(address(f"/keys{FILE}", **asked), t("admin.export")),), _fields(visit, asked, algs)
        page = Detail(t("admin.area.keys"), t("admin.key.lead"), sections, forms, links, filters=filters)
        return self._frame.detail(visit, self.name, page)

    def _search(self, visit: Visit, window: Window) -> Page[KeyRow]:
        asked = visit.asked(*_FILTERS)
        wanted = KeySearch(*(asked.get(name, "") for name in ("alg", "state", "q")))
        return self._acts.keys.search(visit.who, wanted, window)

    def show(self, visit: Visit, kid: str) -> WireResponse:
        """Show one key with its acts."""
        t, row = visit.t, self._acts.keys.show(visit.who, kid)
        facts = (
            (t("admin.key.alg"), Cell(f"{row.alg} ({row.use})")),
            (t("admin.key.state"), state(t, row.state)),
            (t("admin.key.made"), moment(t, row.created)),
            (t("admin.key.activates"), moment(t, row.activates)),
            (t("admin.key.retires"), moment(t, row.retires)),
            *(((t("admin.key.moved_from"), moment(t, row.moved_from)),) if row.moved_from else ()),
        )
        why, base, forms = (
            Field("reason", t("admin.reason"), is_required=True),
            f"{ROOT}/keys/{row.kid}",
            _moves(visit, row),
        )
        if row.state == _RETIRABLE:
            title = t("admin.key.retire")
            forms.append(ActForm("retire", f"{base}/retire", title, title, (why,), t("admin.key.retire_lead")))
        if row.state not in _DEAD:
            title = t("admin.key.revoke")
            forms.append(
                ActForm("revoke", f"{base}/revoke", title, title, (why,), t("admin.key.revoke_lead"), is_grave=True)
            )
        section = Section(t("admin.details"), ((t("admin.key.kid"), Cell(row.kid)), *facts))
        return self._frame.detail(visit, self.name, Detail(_titled(t, row), "", (section,), forms))

    def rotate(self, visit: Visit, form: Form) -> WireResponse:
        """Make the next key sign."""
        self._acts.keys.rotate(visit.who, first(form, "alg"), reason(form))
        return self._frame.done("/keys")

    def drill(self, visit: Visit, form: Form) -> WireResponse:
        """Order a drill; the regular tasks carry it out."""
        self._acts.keys.drill(visit.who, first(form, "alg"), reason(form))
        return self._frame.done("/keys")

    def schedule(self, visit: Visit, form: Form, kid: str) -> WireResponse:
        """Move the next rotation."""
        self._acts.keys.move(visit.who, kid, minute(first(form, "at"), "at"), reason(form))
        return self._frame.done(f"/keys/{kid}")

    def unschedule(self, visit: Visit, form: Form, kid: str) -> WireResponse:
        """Take the move of a rotation back."""
        self._acts.keys.unmove(visit.who, kid, reason(form))
        return self._frame.done(f"/keys/{kid}")

    def retire(self, visit: Visit, form: Form, kid: str) -> WireResponse:
        """Stop a key from signing."""
        self._acts.keys.retire(visit.who, kid, reason(form))
        return self._frame.done(f"/keys/{kid}")

    def revoke(self, visit: Visit, form: Form, kid: str) -> WireResponse:
        """Ask for the emergency; a second person lets it happen."""
        return self._frame.after(self._acts.keys.revoke(visit.who, kid, reason(form)), "/keys")


def _titled(t: Translator, row: KeyRow) -> str:
    """Return what people call a key: its algorithm, what it does, and since when or from when on."""
    if row.state == KeyState.NEXT and row.activates:
        return t("admin.key.titled_next", alg=row.alg, moment=t.moment(row.activates))
    if row.state == KeyState.ACTIVE and row.activates:
        return t("admin.key.titled_active", alg=row.alg, moment=t.moment(row.activates))
    ended = t(f"admin.state.{row.state}").lower()
    return t("admin.key.titled_ended", alg=row.alg, state=ended, moment=t.moment(row.created))


def _fields(visit: Visit, asked: Mapping[str, str], algs: Sequence[str]) -> tuple[Field, ...]:
    t = visit.t
    states = (("", t("admin.any")), *((one.value, t(f"admin.state.{one.value}")) for one in KeyState))
    named = (("", t("admin.any")), *((alg, alg) for alg in algs))
    return (
        Field("alg", t("admin.key.alg"), asked.get("alg", ""), "select", named),
        Field("state", t("admin.key.state"), asked.get("state", ""), "select", states),
        Field("q", t("admin.key.kid"), asked.get("q", ""), hint=t("admin.key.kid_hint")),
    )


def _row(visit: Visit, row: KeyRow) -> tuple[Cell, ...]:
    t = visit.t
    return (
        Cell(row.kid, f"{ROOT}/keys/{row.kid}"),
        state(t, row.state),
        moment(t, row.created),
        moment(t, row.activates),
        _ending(t, row),
    )


def _ending(t: Translator, row: KeyRow) -> Cell:
    """Return when a key stops signing, and that somebody moved it."""
    if not row.moved_from or not row.retires:
        return moment(t, row.retires)
    return Cell(t("admin.key.moved", moment=t.moment(row.retires)))


def _moves(visit: Visit, row: KeyRow) -> list[ActForm]:
    """Return the forms that move the next rotation of a key and take the move back; none where no rotation awaits it."""
    t, base = visit.t, f"{ROOT}/keys/{row.kid}"
    if row.earliest is None or row.latest is None or row.retires is None:
        return []
    why, given = Field("reason", t("admin.reason"), is_required=True), written(row.retires)[:16]
    at = Field("at", t("admin.key.moment"), given, "datetime-local", hint=t("admin.key.moment_hint"), is_required=True)
    title, lead = t("admin.key.schedule"), "admin.key.schedule_lead"
    lead = t(lead, earliest=t.moment(row.earliest), latest=t.moment(row.latest))
    forms = [ActForm("schedule", f"{base}/schedule", title, title, (at, why), lead)]
    if row.moved_from:
        title, lead = t("admin.key.unschedule"), t("admin.key.unschedule_lead", planned=t.moment(row.moved_from))
        forms.append(ActForm("unschedule", f"{base}/unschedule", title, title, (why,), lead))
    return forms


def _values(row: KeyRow) -> tuple[object, ...]:
    times = (written(one) for one in (row.created, row.activates, row.retires, row.moved_from))
    return (row.kid, row.alg, row.use, row.state, *times)


def _by_algorithm(visit: Visit, name: str, algs: Sequence[str]) -> ActForm:
    """Return a form that does something to the keys of an algorithm."""
    t = visit.t
    fields = (
        Field("alg", t("admin.key.alg"), algs[0] if algs else "", "select", [(alg, alg) for alg in algs]),
        Field("reason", t("admin.reason"), is_required=True),
    )
    title = t(f"admin.key.{name}")
    return ActForm(name, f"{ROOT}/keys/{name}", title, title, fields, t(f"admin.key.{name}_lead"))


def _drilled(visit: Visit, drill: Drill | None, order: DrillOrder | None) -> Section:
    """Return what the last drill of the emergency found, and whether one is under way."""
    t, facts = visit.t, []
    if order:
        facts.append((t("admin.key.drill_now"), Cell(f"{order.alg}, {t(f'admin.key.drill_{order.state}')}")))
    if drill:
        point = "," if t.language == "vi" else "."
        seconds = {
            name: Cell(t("admin.key.seconds", number=f"{getattr(drill, name):g}".replace(".", point)))
            for name in _DRILLED
        }
        facts += [(t("admin.key.drill_at"), Cell(f"{t.moment(drill.at)} ({drill.alg})"))]
        facts += [(t(f"admin.key.{name}"), cell) for name, cell in seconds.items()]
    return Section(t("admin.key.last_drill"), facts, lines=() if facts else (t("admin.key.no_drill"),))
