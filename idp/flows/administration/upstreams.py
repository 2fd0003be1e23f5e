"""Identity providers above us: how each stands, what is wrong with its configuration, and what we would make of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.config.upstreams import Upstream
from idp.errors import SettingsError
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.connections import ConnectionSearch
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window
from idp.flows.upstream.breaker import Standing
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.upstreams import ExaminedDoor, Finding
from idp.services.audit import AuditLog
from policies.delegation import DEPLOYMENT, Action
from policies.upstreams.levels import Assessed, LevelRule
from policies.upstreams.mapping import ClaimRule, Mapped


@dataclass(frozen=True, slots=True)
class UpstreamView:
    """One upstream: its settings, how this process has found it, what we take of its answers, and the keys that were seen.

    ``fault`` says why it cannot work at all, and then the rest is empty.
    """

    name: str
    settings: Upstream
    standing: Standing
    rules: tuple[ClaimRule, ...] = ()
    levels: tuple[LevelRule, ...] = ()
    highest_acr: str = ""
    keys: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_ill(self) -> bool:
        """Tell whether one that is offered cannot work, or was out when it was asked last."""
        return self.settings.enabled and bool(self.fault or self.standing.failures)


@dataclass(frozen=True, slots=True)
class Read:
    """What we would make of an answer: the attributes, the code, and the levels."""

    mapped: Mapped
    assessed: Assessed


class UpstreamAdministration:
    """Shows and examines. Upstreams are settings: they belong to the whole deployment."""

    def __init__(
        self,
        gate: Gate,
        settings: Mapping[str, Upstream],
        door: Callable[[str], ExaminedDoor],
        standing: Callable[[str], Standing],
        audit: AuditLog,
    ) -> None:
        """Take the settings by name, how a door is made for one (enabled or not), and how the process has found it."""
        self._gate = gate
        self._settings = settings
        self._door = door
        self._standing = standing
        self._audit = audit

    def all(self, who: Administrator) -> list[UpstreamView]:
        """Return every upstream in the order of the settings."""
        self._require(who, Action.SETTINGS_READ, "upstreams")
        return [self._view(name) for name in self._settings]

    def search(self, who: Administrator, wanted: ConnectionSearch, window: Window) -> Page[UpstreamView]:
        """Return upstreams in that order; raises ``InvalidInput``."""
        return wanted.among(self.all(who), _texts, window)

    def show(self, who: Administrator, name: str) -> UpstreamView:
        """Return one upstream."""
        self._known(who, Action.SETTINGS_READ, name)
        return self._view(name)

    def examine(self, who: Administrator, name: str) -> list[Finding]:
        """Look at an upstream's configuration and at what it publishes; no person is involved, and each request has its limit."""
        self._known(who, Action.SETTINGS_TEST, name)
        try:
            found = self._door(name).findings()
        except SettingsError as error:
            found = [Finding("settings", ok=False, text=str(error))]
        failed = [one.check for one in found if not one.ok]
        outcome = Outcome.FAILED if failed else Outcome.DONE
        self._audit.write(
            AuditEvent(
                Event.UPSTREAM_TEST,
                outcome,
                actor=who.principal,
                target=f"upstream:{name}",
                case_code=who.case_code,
                detail={"failed": failed},
            )
        )
        return found

    def read(self, who: Administrator, name: str, fields: Mapping[str, Any]) -> Read:
        """Return what the rules make of an answer with these fields, which is kept nowhere."""
        self._known(who, Action.SETTINGS_TEST, name)
        found, assessed = self._door(name).read(fields)
        return Read(found, assessed)

    def _view(self, name: str) -> UpstreamView:
        settings, standing = self._settings[name], self._standing(name)
        try:
            door = self._door(name)
        except SettingsError as error:
            return UpstreamView(name, settings, standing, fault=str(error))
        return UpstreamView(
            name, settings, standing, tuple(door.rules), settings.level_rules, door.highest_acr, door.keys_seen()
        )

    def _known(self, who: Administrator, action: Action, name: str) -> None:
        self._require(who, action, f"upstream:{name}")
        if name not in self._settings:
            self._gate.refuse(who, action, f"upstream:{name}", "unknown", visible=False)

    def _require(self, who: Administrator, action: Action, name: str) -> None:
        self._gate.require(who, action, DEPLOYMENT, name, hidden=False)


def _texts(one: UpstreamView) -> tuple[str, ...]:
    return (one.name, *one.settings.label.values(), one.settings.connector)
