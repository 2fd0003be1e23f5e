"""Clients: what is registered and what of it changes. What reaches beyond the client's unit waits for a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clients.errors import ClientConflict, ClientNotFound, RegistrationRefused
from clients.metadata import Values
from clients.model import Client
from clients.registry import ClientRegistry
from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.gate import Gate, needs_second
from idp.flows.administration.power import (
    check_not_given,
    gives_identity,
    gives_notice,
    gives_power,
    is_powerful,
    without_power,
)
from idp.model.approval import Approval
from idp.services.approvals import Request
from policies.delegation import DEPLOYMENT, Action, Actor, Decision, Target, Verdict

UPDATE: Final = "client:update"
Check = Callable[[Values], None]


@dataclass(frozen=True, slots=True)
class Created:
    """A new client with its secret, shown this once (None for one that has none), the fields that were ignored, and what of it still waits."""

    client: Client
    secret: str | None
    ignored: tuple[str, ...]
    waiting: Approval | None = None


class ClientChanges:
    """Registers clients and replaces their metadata."""

    def __init__(self, gate: Gate, clients: ClientAdministration, registry: ClientRegistry, check: Check) -> None:
        """Take collaborators; ``check`` asks what lies outside (a sector's document) and raises ``RegistrationRefused``."""
        self._gate = gate
        self._clients = clients
        self._registry = registry
        self._check = check

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {UPDATE: Act(self._decide_update, self._carry_out_update)}

    def enter(self, who: Administrator) -> None:
        """Let in who may register clients anywhere; raises ``Refused``, which is recorded."""
        self._gate.anywhere(who, Action.CLIENT_CREATE, "client:new")

    def preview(self, who: Administrator, document: Mapping[str, Any]) -> Values:
        """Return what a document would register; nothing is stored. Raises ``RegistrationRefused`` with every fault."""
        self._gate.require(who, Action.CLIENT_CREATE, self._owner(document), "client:new", hidden=False)
        return self._registry.checked(document, is_operator=True).values

    def proposed(self, who: Administrator, client_id: str, document: Mapping[str, Any]) -> tuple[Client, Client] | None:
        """Return a client as it is and as a document would make it, for whoever compares them. Raises ``RegistrationRefused``.

        None for one that went, or moved out of sight: what was asked of it is still to be rejected, so that is no refusal.
        """
        self._registry.refresh_if_older_than(0)
        client = self._registry.find(client_id)
        if client is None or client.state == "removed":
            return None
        owner = targets.of_client(client, self._gate.ground())
        if self._gate.decide(who.actor, Action.CLIENT_READ, owner).is_denied:
            return None
        return client, replace(client, **self._registry.checked(document, is_operator=True).values)

    def create(self, who: Administrator, document: Mapping[str, Any], reason: str = "") -> Created:
        """Register a client; without the identity code, notices and power at first, which wait for a second person."""
        owner = self._owner(document)
        self._gate.require(who, Action.CLIENT_CREATE, owner, "client:new", hidden=False)
        check_not_given(document)
        action = _elevation(document, None)
        if action is not None:
            about = DEPLOYMENT if action is Action.CLIENT_POWER else owner
            self._gate.require(who, action, about, "client:new", hidden=False)
        self._check(self._registry.checked(document, is_operator=True).values)
        client, secret, ignored = self._registry.register(
            without_power(document), is_operator=False, actor=who.principal, note=reason
        )
        waiting = None
        if action is not None:
            waiting = self._wait(who, client, {**document, "client_id": client.client_id}, action, reason)
        return Created(client, secret, ignored, waiting)

    def update(
        self, who: Administrator, client_id: str, document: Mapping[str, Any], *, version: int, reason: str = ""
    ) -> Client | Approval:
        """Replace a client's metadata if it still has the ``version`` that the caller has seen.

        Raises ``Conflict`` if not, ``RegistrationRefused`` with every fault.
        """
        client, _ = self._clients.seen(who, Action.CLIENT_UPDATE, client_id)
        name = f"client:{client_id}"
        if client.version != version:
            raise Conflict("the client was changed meanwhile: look again", code="changed")
        if self._is_moved(client, document):
            self._gate.require(who, Action.CLIENT_CREATE, self._owner(document), name, hidden=False)
        if document.get("client_secret") is not None:
            raise InvalidInput("changes by rotation", field="client_secret")
        arguments = {"client_id": client_id, "version": version, "document": dict(document)}
        decision = self._decide_update(who.actor, arguments)
        action = self._action(client, document)
        self._gate.enter(who, action, name)
        self._gate.passed(who, action, DEPLOYMENT, decision, name, hidden=False)
        self._check(self._registry.checked(document, is_operator=True).values)
        if needs_second(decision):
            return self._wait(who, client, document, action, reason)
        return self._replaced(client, document, actor=who.principal, note=reason, is_operator=False)

    def _wait(
        self, who: Administrator, client: Client, document: Mapping[str, Any], action: Action, reason: str
    ) -> Approval:
        arguments = {"client_id": client.client_id, "version": client.version, "document": dict(document)}
        return self._gate.wait(who, Request(UPDATE, action, f"client:{client.client_id}", arguments, reason))

    def _decide_update(self, actor: Actor, arguments: Arguments) -> Decision:
        """Return the strictest answer for everything that an update does."""
        client = self._known(arguments["client_id"])
        document = arguments["document"]
        ground = self._gate.ground()
        own = targets.of_client(client, ground)
        asked = [(Action.CLIENT_UPDATE, own)]
        decisions: list[Decision] = []
        if self._is_moved(client, document):
            asked.append((Action.CLIENT_CREATE, self._owner(document)))
            # Moved out of the reach of whoever suspended it, it could be resumed by anybody there.
            decisions.append(self._clients.resumption(actor, client, own))
        if gives_identity(document, client.scope):
            asked.append((Action.CLIENT_IDENTITY, self._owner(document)))
        if gives_notice(document, client):
            asked.append((Action.CLIENT_NOTICE, self._owner(document)))
        if gives_power(document, client) or is_powerful(client, self._gate.admins):
            asked.append((Action.CLIENT_POWER, DEPLOYMENT))
        return strictest([*(self._gate.decide(actor, action, target) for action, target in asked), *decisions])

    def _carry_out_update(self, arguments: Arguments, parties: Parties) -> None:
        client, document = self._known(arguments["client_id"]), arguments["document"]
        if client.version != arguments["version"]:
            raise Conflict("the client was changed since this was asked", code="changed")
        is_operator = gives_power(document, client) or is_powerful(client, self._gate.admins)
        actor, note = parties.requester.principal, parties.reason
        self._replaced(client, document, actor=actor, note=note, is_operator=is_operator)

    def _replaced(
        self, client: Client, document: Mapping[str, Any], *, actor: str, note: str, is_operator: bool
    ) -> Client:
        try:
            return self._registry.update(
                client.client_id, document, is_operator=is_operator, actor=actor, note=note, seen=client
            )
        except ClientConflict as error:
            raise Conflict("the client was changed meanwhile: look again", code="changed") from error

    def _action(self, client: Client, document: Mapping[str, Any]) -> Action:
        if is_powerful(client, self._gate.admins):
            return Action.CLIENT_POWER
        return _elevation(document, client) or Action.CLIENT_UPDATE

    def _known(self, client_id: str) -> Client:
        try:
            return self._registry.known(client_id)
        except ClientNotFound as error:
            raise NotFound("no such client") from error

    def _is_moved(self, client: Client, document: Mapping[str, Any]) -> bool:
        return document.get("unit") != client.unit

    def _owner(self, document: Mapping[str, Any]) -> Target:
        """Return the target of a client that a document describes, as its unit's code reads today; raises ``RegistrationRefused``."""
        unit = document.get("unit")
        if not isinstance(unit, str):
            # Whose it would be decides who may: without that nothing else is looked at.
            self._registry.checked({"unit": unit}, is_operator=True)
            raise InvalidInput("is required", field="unit")
        ground = self._gate.ground()
        return targets.of_code(unit, ground.day, ground)


def strictest(decisions: list[Decision]) -> Decision:
    """Return one answer for an act that is several: the refusal if there is one, else by two if one of them is; it rests on all grants."""
    by = tuple(dict.fromkeys(one for decision in decisions for one in decision.by))
    for verdict in (Verdict.DENIED, Verdict.NEEDS_APPROVAL):
        for decision in decisions:
            if decision.verdict is verdict:
                return replace(decision, by=by)
    return replace(decisions[0], by=by)


def _elevation(document: Mapping[str, Any], before: Client | None) -> Action | None:
    if gives_power(document, before):
        return Action.CLIENT_POWER
    if gives_identity(document, before.scope if before is not None else frozenset()):
        return Action.CLIENT_IDENTITY
    return Action.CLIENT_NOTICE if gives_notice(document, before) else None


__all__ = ["ClientChanges", "Created", "RegistrationRefused"]
