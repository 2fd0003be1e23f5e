"""Settings and what a client's registration lays over them: the value that counts, and where it comes from. Only to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from clients.documents import to_document
from clients.metadata import FIELDS
from clients.model import Client
from idp.config.origins import DEFAULT, ORIGINS, EffectiveSetting, masked
from idp.errors import InvalidInput
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.flows.administration.words import has_words, words_of
from policies.delegation import DEPLOYMENT, Action
from policies.level_three import Facts, Finding, compared

CLIENT: Final = "client"
"""The origin of what a registration says otherwise than its default."""


@dataclass(frozen=True, slots=True)
class SettingQuery:
    """A search: words of the name or the meaning, and the origin (one of ``config.origins.ORIGINS``)."""

    text: str = ""
    origin: str = ""


class SettingsAdministration:
    """Shows settings of the deployment to who may read them, and those of a client to who may see the client."""

    def __init__(
        self,
        gate: Gate,
        clients: ClientAdministration,
        settings: Callable[[], tuple[EffectiveSetting, ...]],
        facts: Callable[[], Facts],
    ) -> None:
        """Take collaborators; ``facts`` are what decides how the deployment stands to security level 3."""
        self._gate = gate
        self._clients = clients
        self._settings = settings
        self._facts = facts

    def search(self, who: Administrator, query: SettingQuery, window: Window) -> Page[EffectiveSetting]:
        """Return settings by name, secrets masked; raises ``InvalidInput``."""
        self._gate.require(who, Action.SETTINGS_READ, DEPLOYMENT, "settings", hidden=False)
        words = words_of(query.text)
        if query.origin and query.origin not in ORIGINS:
            raise InvalidInput(f"must be one of {', '.join(ORIGINS)}", field="origin")
        found = sorted(
            (
                one
                for one in self._settings()
                if one.name > window.after
                and query.origin in {"", one.origin}
                and has_words(words, one.name, one.meaning)
            ),
            key=lambda one: one.name,
        )[: window.limit + 1]
        return page(found, [one.name for one in found], window.limit)

    def level_three(self, who: Administrator) -> tuple[Finding, ...]:
        """Return how the deployment stands to each control of security level 3."""
        self._gate.require(who, Action.SETTINGS_READ, DEPLOYMENT, "settings", hidden=False)
        return compared(self._facts())

    def of_client(self, who: Administrator, client_id: str) -> tuple[EffectiveSetting, ...]:
        """Return what counts for a client, field by field of its registration: its own value, or the default."""
        client, _ = self._clients.seen(who, Action.CLIENT_READ, client_id)
        document = to_document(client)
        return tuple(_of_client(client, name, document[name]) for name in sorted(FIELDS))


def _of_client(client: Client, name: str, value: Any) -> EffectiveSetting:
    default: Any = FIELDS[name].default
    is_own = getattr(client, name) != default
    plain = sorted(default) if isinstance(default, frozenset | tuple) else default
    return EffectiveSetting(name, masked(value), plain, CLIENT if is_own else DEFAULT, "")
