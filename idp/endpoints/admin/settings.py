"""Settings: the value that counts and where it comes from, of the deployment and of a system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from idp.config.origins import ORIGINS, EffectiveSetting
from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.inputs import client_path
from idp.endpoints.admin.lists import Listing, ListPart
from idp.endpoints.admin.sheets import Sheet
from idp.endpoints.admin.tables import NONE
from idp.endpoints.admin.views import Cell, Detail, Field, Link, Section, Table
from idp.endpoints.routes import Route
from idp.flows.administration.settings import CLIENT, SettingQuery
from idp.protocol.wire import WireResponse
from policies.delegation import Action
from policies.level_three import Stand

_FILTERS: Final = ("q", "origin")
_TONES: Final = {Stand.MET: "good", Stand.WEAKER: "bad"}
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class SettingsArea(ListPart):
    """``/admin/settings``, ``/admin/settings/level-3`` and ``/admin/clients/<client_id>/settings``."""

    name: Final = "settings"
    act: Final = Action.SETTINGS_READ

    def routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        frame = self._frame
        return (
            *self.listed(self.listing()),
            frame.get("/settings/level-3", self.level_three),
            frame.get("/clients/<client_id>/settings", self.of_client),
        )

    def listing(self) -> Listing[EffectiveSetting]:
        """Return the list of the deployment's settings."""
        return Listing(
            self.name,
            "/settings",
            lambda visit, window: self._acts.settings.search(visit.who, _wanted(visit), window),
            [f"admin.setting.{name}" for name in ("name", "value", "origin", "default", "meaning")],
            _row,
            "admin.setting.none",
            Sheet("settings", ("name", "value", "origin", "default", "meaning"), _values),
            _FILTERS,
            _fields,
            links=lambda visit: (Link(f"{ROOT}/settings/level-3", visit.t("level3.title")),),
            lead="admin.setting.lead",
        )

    def level_three(self, visit: Visit) -> WireResponse:
        """Show how the deployment stands to each control of security level 3."""
        t = visit.t
        rows = [
            (
                Cell(t(f"level3.{one.control}.asks")),
                Cell(t(f"level3.{one.control}.ours", figure=one.figure)),
                Cell(t(f"level3.{one.stand}"), tone=_TONES.get(one.stand, "")),
            )
            for one in self._acts.settings.level_three(visit.who)
        ]
        columns = [t(f"level3.{name}") for name in ("asks", "ours", "stand")]
        crumbs = (Link(f"{ROOT}/settings", t("admin.area.settings")),)
        section = Section(t("level3.controls"), table=Table(columns, rows, t("admin.setting.none")))
        return self._frame.detail(
            visit, self.name, Detail(t("level3.title"), t("level3.lead"), (section,), crumbs=crumbs)
        )

    def of_client(self, visit: Visit, client_id: str) -> WireResponse:
        """Show what counts for a system: first what its registration says itself, then what it leaves at the default."""
        t, client = visit.t, self._acts.clients.show(visit.who, client_id).client
        rows = self._acts.settings.of_client(visit.who, client_id)
        columns = [t(f"admin.setting.{name}") for name in ("name", "value", "default")]
        sections = [
            Section(
                t(f"admin.setting.{title}"),
                table=Table(
                    columns, [_short(one) for one in rows if (one.origin == CLIENT) is own], t("admin.setting.none")
                ),
            )
            for title, own in (("own", True), ("at_default", False))
        ]
        base = f"{ROOT}/clients/{client_path(client_id)}"
        crumbs = (Link(f"{ROOT}/clients", t("admin.area.clients")), Link(base, client.name(t.language)))
        shown = Detail(t("admin.setting.of_client"), t("admin.setting.of_client_lead"), sections, crumbs=crumbs)
        return self._frame.detail(visit, "clients", shown)


def _wanted(visit: Visit) -> SettingQuery:
    asked = visit.asked(*_FILTERS)
    return SettingQuery(asked.get("q", ""), asked.get("origin", ""))


def _fields(visit: Visit, asked: Mapping[str, str]) -> tuple[Field, ...]:
    t = visit.t
    origins = (("", t("admin.any")), *((one, t(f"admin.setting.from_{one}")) for one in ORIGINS))
    return (
        Field("q", t("admin.setting.text"), asked.get("q", "")),
        Field("origin", t("admin.setting.origin"), asked.get("origin", ""), "select", origins),
    )


def _row(visit: Visit, one: EffectiveSetting) -> tuple[Cell, ...]:
    origin = visit.t(f"admin.setting.from_{one.origin}")
    return (Cell(one.name), _value(one.value), Cell(origin), _value(one.default), Cell(one.meaning, lang="en"))


def _short(one: EffectiveSetting) -> tuple[Cell, ...]:
    return (Cell(one.name), _value(one.value), _value(one.default))


def _values(one: EffectiveSetting) -> tuple[object, ...]:
    return (one.name, _text(one.value), one.origin, _text(one.default), one.meaning)


def _value(value: Any) -> Cell:
    return NONE if value in _EMPTY else Cell(_text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
