"""Clients: looking at them, and the acts that change no metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from clients.differences import ClientChange
from clients.errors import ClientConflict, ClientNotFound
from clients.model import Client
from clients.secrets import DEFAULT_OVERLAP
from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, page
from idp.flows.administration.power import is_powerful
from idp.flows.administration.words import ClientNames, words_of
from idp.model.approval import Approval
from idp.ports.audit import AuditQuery
from idp.ports.client_history import ClientHistory
from idp.services.approvals import Request
from idp.services.audit import AuditLog
from idp.services.units import UnitService
from policies.delegation import DEPLOYMENT, Action, Actor, Decision, Done, Target

RESUME: Final = "client:resume"
STATES: Final = ("active", "suspended", "expired")
_CHUNK: Final = 10_000
_LOOKED_AT: Final = 50
_VERSION: Final = re.compile(r"[0-9]{1,18}")
_MOST_OVERLAP: Final = 30 * 86400
_HISTORY: Final = tuple(
    f"client:{name}"
    for name in (
        "add",
        "update",
        "correct",
        "rotate-secret",
        "suspend",
        "resume",
        "remove",
        "not-before",
        "register",
        "test",
    )
)


@dataclass(frozen=True, slots=True)
class ClientQuery:
    """A search: words of the name without diacritics or how the id begins, the state, the code of a unit with what is below it."""

    text: str = ""
    state: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as an administrator sees it; ``may`` are the acts that the policy would not deny.

    ``can_hold`` tells that somebody below has suspended it, so that to suspend it from here counts for more.
    """

    client: Client
    unit_names: tuple[str, ...]
    may: frozenset[Action]
    is_powerful: bool
    can_hold: bool = False


class ClientAdministration:
    """What administrators do with clients, metadata apart (``ClientChanges``)."""

    def __init__(
        self, gate: Gate, names: ClientNames, units: UnitService, audit: AuditLog, changes: ClientHistory
    ) -> None:
        """Take collaborators."""
        self._changes = changes
        self._gate = gate
        self._names = names
        self._registry = names.registry
        self._units = units
        self._audit = audit

    def search(self, who: Administrator, query: ClientQuery, window: Window) -> Page[Client]:
        """Return clients by id; those out of reach are not there."""
        reach = self._gate.anywhere(who, Action.CLIENT_READ, "clients")
        wanted = self._wanted(query)
        found: list[Client] = []
        target_of = targets.ClientTargets(self._gate.ground())
        within = self._below(query.unit) if query.unit else None
        for client in wanted:
            target = target_of(client)
            inside = within is None or any(unit.code in within for unit in target.units)
            if client.client_id > window.after and inside and reach.covers(target):
                found.append(client)
                if len(found) > window.limit:
                    break
        return page(found, [client.client_id for client in found], window.limit)

    def count(self, who: Administrator, query: ClientQuery) -> int:
        """Return how many clients a search finds."""
        total, window = 0, Window("", _CHUNK)
        while True:
            found = self.search(who, query, window)
            total += len(found.rows)
            if not found.following:
                return total
            window = Window(found.rows[-1].client_id, _CHUNK)

    def show(self, who: Administrator, client_id: str) -> ClientView:
        """Return one client."""
        client, target = self.seen(who, Action.CLIENT_READ, client_id)
        held = frozenset(
            action
            for action in Action
            if action.startswith("client:") and not self._gate.decide(who.actor, action, target).is_denied
        )
        if self.resumption(who.actor, client, target).is_denied:
            held -= {Action.CLIENT_RESUME}
        names = tuple(unit.full_name for key in target.units if (unit := self._units.register.get(key)) is not None)
        can_hold = self._takes_over(who.actor, client, target)
        return ClientView(client, names, held, is_powerful(client, self._gate.admins), can_hold)

    def history(self, who: Administrator, client_id: str, window: Window) -> Page[dict[str, object]]:
        """Return what was done with a client, newest first."""
        client, _ = self.seen(who, Action.CLIENT_READ, client_id)
        query = AuditQuery(
            client_id=client.client_id,
            events=_HISTORY,
            before_id=window.after or None,
            limit=window.limit + 1,
        )
        rows = [{name: value for name, value in row.items() if name != "private"} for row in self._audit.search(query)]
        return page(rows, [str(row["id"]) for row in rows], window.limit)

    def changes(self, who: Administrator, client_id: str, window: Window) -> Page[ClientChange]:
        """Return what each change of a client changed, newest first, without secrets; raises ``InvalidInput`` for a cursor of another list."""
        client, _ = self.seen(who, Action.CLIENT_READ, client_id)
        if window.after and not _VERSION.fullmatch(window.after):
            raise InvalidInput("is no cursor of this list", field="cursor")
        before = int(window.after) if window.after else None
        rows = self._changes.changes(client.client_id, before, window.limit + 1)
        return page(rows, [str(row.version) for row in rows], window.limit)

    def rotate_secret(
        self, who: Administrator, client_id: str, overlap: int = DEFAULT_OVERLAP, reason: str = ""
    ) -> tuple[Client, str]:
        """Return a new secret, this once; the old one lives on for ``overlap`` seconds.

        The secret of a client that has power is the operator's to change: whoever is told it could use that power.
        """
        client, _ = self.seen(who, Action.CLIENT_SECRET, client_id)
        if not 0 <= overlap <= _MOST_OVERLAP:
            raise InvalidInput(f"must be 0 to {_MOST_OVERLAP} seconds", field="overlap")
        if is_powerful(client, self._gate.admins):
            self._gate.refuse(who, Action.CLIENT_SECRET, f"client:{client_id}", "powerful_client", visible=True)
        with _overtaken():
            return self._registry.rotate_secret(client.client_id, overlap=overlap, actor=who.principal, note=reason)

    def suspend(self, who: Administrator, client_id: str, reason: str) -> Client:
        """Stop a client at once; one that somebody below has stopped already is held, so that nobody below lets it go on."""
        client, target = self.seen(who, Action.CLIENT_SUSPEND, client_id)
        with _overtaken():
            if self._takes_over(who.actor, client, target):
                return self._registry.hold(client, actor=who.principal, note=reason)
            return self._registry.set_state(client_id, "suspended", actor=who.principal, note=reason)

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {RESUME: Act(self._decide_resume, self._carry_out_resume)}

    def resume(self, who: Administrator, client_id: str, reason: str) -> Client | Approval:
        """Let a suspended client work again; one that has power by two. What somebody above has suspended, nobody below lets go on."""
        client, target = self.seen(who, Action.CLIENT_RESUME, client_id)
        decision = self.resumption(who.actor, client, target)
        self._gate.passed(who, Action.CLIENT_RESUME, target, decision, f"client:{client_id}", hidden=False)
        if is_powerful(client, self._gate.admins) and client.state != "active":
            name, arguments = f"client:{client_id}", {"client_id": client_id}
            self._gate.require(who, Action.CLIENT_POWER, DEPLOYMENT, name, hidden=False)
            return self._gate.wait(who, Request(RESUME, Action.CLIENT_POWER, name, arguments, reason))
        return self._set_state(who, client_id, "active", Action.CLIENT_RESUME, reason)

    def resumption(self, actor: Actor, client: Client, target: Target) -> Decision:
        """Return the policy's answer for letting a client go on, and record nothing."""
        decision = self._gate.decide(actor, Action.CLIENT_RESUME, target)
        done = self._suspension(client) if not decision.is_denied else None
        return self._gate.undoing(actor, Action.CLIENT_RESUME, target, done) if done is not None else decision

    def _takes_over(self, actor: Actor, client: Client, target: Target) -> bool:
        if self._gate.decide(actor, Action.CLIENT_SUSPEND, target).is_denied:
            return False
        done = self._suspension(client)
        return done is not None and self._gate.takes_over(actor, target, done)

    def _suspension(self, client: Client) -> Done | None:
        """Return by whom a client is suspended, and when; None for one that is not."""
        before: int | None = None
        while client.state == "suspended":
            rows = self._changes.changes(client.client_id, before, _LOOKED_AT)
            for row in rows:
                if row.action == "suspend":
                    ever = self._gate.admins.everybody().get(row.actor, ())
                    return Done(Action.CLIENT_SUSPEND, Actor(row.actor, ever), row.at)
            if len(rows) < _LOOKED_AT:
                break
            before = rows[-1].version
        return None

    def _decide_resume(self, actor: Actor, _arguments: Arguments) -> Decision:
        return self._gate.decide(actor, Action.CLIENT_POWER, DEPLOYMENT)

    def _carry_out_resume(self, arguments: Arguments, parties: Parties) -> None:
        actor = parties.requester.principal
        self._registry.set_state(arguments["client_id"], "active", actor=actor, note=parties.reason)

    def remove(self, who: Administrator, client_id: str, reason: str) -> Client:
        """Remove a client for good."""
        return self._set_state(who, client_id, "removed", Action.CLIENT_REMOVE, reason)

    def seen(self, who: Administrator, action: Action, client_id: str) -> tuple[Client, Target]:
        """Return a client on which somebody may do an act, with its target; raises ``NotFound`` and ``Refused``."""
        self._registry.refresh_if_older_than(0)
        client = self._registry.find(client_id)
        if client is None or client.state == "removed":
            self._gate.require(who, action, None, f"client:{client_id}")
        assert client is not None  # noqa: S101 - the gate has raised
        target = targets.of_client(client, self._gate.ground())
        self._gate.require(who, action, target, f"client:{client_id}")
        return client, target

    def _set_state(self, who: Administrator, client_id: str, state: str, action: Action, reason: str) -> Client:
        client, _ = self.seen(who, action, client_id)
        with _overtaken():
            return self._registry.set_state(client.client_id, state, actor=who.principal, note=reason)

    def _wanted(self, query: ClientQuery) -> Iterator[Client]:
        words = words_of(query.text)
        if query.state and query.state not in STATES:
            raise InvalidInput(f"must be one of {', '.join(STATES)}", field="state")
        for one in self._registry.all():
            client = self._registry.find(one.client_id) or one
            if query.state and client.state != query.state:
                continue
            if self._names.is_meant(client, words, query.text):
                yield client

    def _below(self, code: str) -> frozenset[str]:
        ground = self._gate.ground()
        unit = ground.register.on(code, ground.day)
        return ground.below(unit.key) if unit is not None else frozenset()


@contextmanager
def _overtaken() -> Iterator[None]:
    """Say in the domain's words that somebody else changed or removed the client meanwhile."""
    try:
        yield
    except ClientConflict as error:
        raise Conflict("the client was changed meanwhile: look again", code="changed") from error
    except ClientNotFound as error:
        raise NotFound("no such client") from error
