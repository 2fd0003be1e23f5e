"""Operations on settings: the value that counts and where it comes from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from idp.config.origins import ORIGINS
from idp.endpoints.api.operation import PAGED, Call, Operation, Parameter, Reply, listed, page_of
from idp.endpoints.api.schema import Schema, choice, items, members, ref, text
from idp.flows.administration.settings import CLIENT, SettingQuery, SettingsAdministration
from policies.level_three import Stand

_STRING: Final[Schema] = {"type": "string"}

SHAPES: Final[dict[str, Schema]] = {
    "Setting": members(
        ("name", "value", "default", "origin", "meaning"),
        name=_STRING,
        value={},
        default={},
        origin=choice(CLIENT, *ORIGINS),
        meaning=_STRING,
    ),
    "Control": members(
        ("control", "stand", "figure"), control=_STRING, stand=choice(*Stand), figure={"type": "integer"}
    ),
    "Controls": members(("items",), items=items(ref("Control"))),
    "Settings": members(("items",), items=items(ref("Setting"))),
}


class SettingOperations:
    """The handlers."""

    def __init__(self, settings: SettingsAdministration) -> None:
        """Take the use case."""
        self._settings = settings

    def table(self) -> tuple[Operation, ...]:
        """Return the rows."""
        filters = (Parameter("q", text(100)), Parameter("origin", choice(*ORIGINS)), *PAGED)
        one, own = "/clients/{client_id}/settings", "What counts for a client, by field of its registration"
        level = "How the deployment stands to security level 3 (Decree 331/2026)"
        return (
            Operation(
                "GET", "/settings/level-3", "getLevel3", level, ("admin:settings:read",), self.level, ref("Controls")
            ),
            Operation(
                *("GET", "/settings", "listSettings", "Settings by name, secrets masked", ("admin:settings:read",)),
                *(self.search, page_of("Setting"), 200, filters),
            ),
            Operation("GET", one, "getClientSettings", own, ("admin:clients:read",), self.of_client, ref("Settings")),
        )

    def search(self, call: Call) -> Reply:
        """List."""
        wanted = SettingQuery(call.query.get("q", ""), call.query.get("origin", ""))
        return listed(self._settings.search(call.who, wanted, call.window), asdict)

    def level(self, call: Call) -> Reply:
        """Show how the deployment stands to each control."""
        return Reply({"items": [asdict(one) for one in self._settings.level_three(call.who)]})

    def of_client(self, call: Call) -> Reply:
        """Show those of a client."""
        found: list[dict[str, Any]] = [
            asdict(one) for one in self._settings.of_client(call.who, call.path["client_id"])
        ]
        return Reply({"items": found})
