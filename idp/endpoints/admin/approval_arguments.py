"""What an act that waits would be done with, in the reader's words: the arguments' names and values as people call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.endpoints.admin.frame import ROOT, Visit
from idp.endpoints.admin.tables import moment, person, principal
from idp.endpoints.admin.views import DASH, Cell
from idp.web.i18n import Translator
from policies.delegation import TOP


def _plain(_t: Translator, value: Any) -> Cell:
    return Cell(str(value) or DASH)


def _person(_t: Translator, value: Any) -> Cell:
    return person(value)


def _unit(t: Translator, value: Any) -> Cell:
    if tuple(value) == TOP:
        return Cell(t("admin.grant.everywhere"))
    return Cell("@".join(value), f"{ROOT}/units/{value[0]}")


_SHOWN: Final[Mapping[str, Callable[[Translator, Any], Cell]]] = {
    "account_id": _person,
    "loser": _person,
    "winner": _person,
    "principal": lambda _t, value: principal(value),
    "client_id": lambda _t, value: principal(f"client:{value}"),
    "kid": lambda _t, value: Cell(value, f"{ROOT}/keys/{value}"),
    "role": lambda t, value: Cell(t(f"admin.role.{value}"), code=value),
    "unit": _unit,
    "begins": moment,
    "ends": lambda t, value: moment(t, value) if value else Cell(t("admin.argument.endless")),
    "with_granted": lambda t, value: Cell(t(f"admin.argument.{'yes' if value else 'no'}")),
    "kind": lambda t, value: Cell(t.either(f"security.factor.{value}", "security.factor.other"), code=value),
    "effective": lambda t, value: Cell(t.day(value)),
    "grant_id": lambda _t, value: Cell(value, f"{ROOT}/administrators/{value}"),
    "closed": lambda t, value: Cell(t(f"admin.argument.{'yes' if value else 'no'}")),
    "locks": lambda _t, value: Cell(str(len(value))),
    "id": lambda _t, value: Cell(value, f"{ROOT}/units/changes/{value}"),
    **dict.fromkeys(("name", "sha256", "source", "recovery", "version"), _plain),
}
"""How the value of each argument is shown; its name is ``admin.argument.<name>`` in the languages."""


def told(visit: Visit, arguments: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """Return arguments as facts; one that nobody named here stands under its technical name."""
    return [
        (visit.t(f"admin.argument.{name}"), _SHOWN[name](visit.t, value))
        if name in _SHOWN
        else (name, Cell(str(value)))
        for name, value in arguments.items()
    ]
