"""What each change of a system changed: the fields with their values before and after, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from clients.differences import HIDDEN, ClientChange
from idp.endpoints.admin.frame import ROOT, Part, Visit, address
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.tables import NONE, principal
from idp.endpoints.admin.views import DASH, Cell, Detail, Link, Section, Table
from idp.endpoints.routes import Route
from idp.flows.administration.paging import window
from idp.protocol.wire import WireResponse
from idp.web.i18n import Translator

_ROWS: Final = 20
_MOMENTS: Final = frozenset({"not_before", "unit_at", "expires_at"})


class ClientHistoryPage(Part):
    """``/admin/clients/<client_id>/changes``."""

    def routes(self) -> tuple[Route, ...]:
        """Return the page."""
        return (self._frame.get("/clients/<client_id>/changes", self.show),)

    def show(self, visit: Visit, client_id: str) -> WireResponse:
        """List the changes, newest first."""
        t, client = visit.t, self._acts.clients.show(visit.who, client_id).client
        found = self._acts.clients.changes(visit.who, client_id, window(visit.query.get("cursor", ""), _ROWS))
        base = f"/clients/{client_path(client_id)}"
        sections = [_section(t, one) for one in found.rows]
        if not sections:
            sections = [Section(t("admin.change.title"), lines=(t("admin.change.none"),))]
        links = [Link(address(f"{base}/changes", cursor=found.following), t("admin.more"))] if found.following else []
        shown = Detail(
            t("admin.change.title"),
            t("admin.change.lead"),
            sections,
            links=links,
            crumbs=(
                Link(f"{ROOT}/clients", t("admin.area.clients")),
                Link(ROOT + base, client.name(t.language)),
            ),
        )
        return self._frame.detail(visit, "clients", shown)


def _section(t: Translator, one: ClientChange) -> Section:
    facts = ((t("admin.change.who"), principal(one.actor)), (t("admin.reason"), Cell(one.reason or DASH)))
    # Of what is new there is nothing before: on a telephone the column would push the values out of sight.
    is_new = all(old is None for old, _ in one.fields.values())
    rows = [
        (Cell(name), *(() if is_new else (compared(t, name, old),)), compared(t, name, new))
        for name, (old, new) in one.fields.items()
    ]
    names = ("field", "after") if is_new else ("field", "before", "after")
    columns = [t(f"admin.change.{name}") for name in names]
    act = t.either(f"admin.change.{one.action}", "admin.change.other")
    return Section(f"{t.moment(one.at)} {DASH} {act}", facts, Table(columns, rows, t("admin.change.none")))


def compared(t: Translator, name: str, value: Any) -> Cell:
    """Return a value of a registration as people compare it."""
    if value is None or value in ("", [], {}):
        return NONE
    if value == HIDDEN:
        return Cell(t("admin.change.hidden"), tone="quiet-text")
    if name == "secrets":
        return Cell("; ".join(_secret(t, one) for one in value))
    if name == "purposes":
        return Cell("; ".join(_purpose(t, one) for one in value))
    if name in _MOMENTS and isinstance(value, int):
        return Cell(t.moment(value) if value else DASH)
    return Cell(_text(value))


def _secret(t: Translator, one: Mapping[str, int | None]) -> str:
    made, ends = one["created_at"], one["expires_at"]
    until = t.moment(ends) if ends else t("admin.change.for_good")
    return t("admin.change.secret", made=t.moment(made or 0), ends=until)


def _purpose(t: Translator, one: Mapping[str, Any]) -> str:
    text = one["text"].get(t.language) or one["text"]["vi"]
    parts = [t(f"admin.basis.{one['legal_basis']}")]
    lists = ("claims", "optional_claims")
    parts += [f"{t(f'admin.purpose.{name}')}: {' '.join(one[name])}" for name in lists if one.get(name)]
    return f"{one['id']}: {text} ({'; '.join(parts)})"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return "; ".join(f"{name}: {one}" for name, one in value.items())
    return orjson.dumps(value).decode()
