"""Corrections of what people read of why a system wants data: by two persons, and nobody is asked anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients import corrections
from clients.errors import ClientConflict, ClientNotFound
from clients.model import Client
from clients.registry import ClientRegistry
from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.client_changes import strictest
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.gate import Gate
from idp.flows.administration.power import is_powerful
from idp.model.approval import Approval
from idp.services.approvals import Request
from policies.delegation import DEPLOYMENT, Action, Actor, Decision

CORRECT: Final = "client:correct-purpose"


class PurposeCorrections:
    """What may be one is told by ``policies.corrections``; what it does to a system by ``clients.corrections``."""

    def __init__(self, gate: Gate, clients: ClientAdministration, registry: ClientRegistry) -> None:
        """Take collaborators."""
        self._gate = gate
        self._clients = clients
        self._registry = registry

    def acts(self) -> Mapping[str, Act]:
        """Return the act, which always waits."""
        return {CORRECT: Act(self._decide, self._carry_out)}

    def text(self, who: Administrator, client_id: str, purpose_id: str) -> tuple[Client, Mapping[str, str]]:
        """Return a system, and a text of it that somebody may ask to be corrected; raises ``NotFound`` and ``Refused``."""
        client, _ = self._clients.seen(who, Action.CLIENT_CORRECT, client_id)
        return client, _text(client, purpose_id)

    def ask(
        self,
        who: Administrator,
        client_id: str,
        purpose_id: str,
        text: Mapping[str, str],
        *,
        version: int,
        reason: str,
    ) -> Approval:
        """Ask a second person to let a text be spelt otherwise; "" as ``purpose_id`` is the purpose of the system as a whole.

        Raises ``RegistrationRefused`` for what is no correction, ``Conflict`` where the system was changed since ``version`` or the same waits
        already, ``InvalidInput`` without a reason, ``NotFound`` and ``Refused``.
        """
        client, before = self.text(who, client_id, purpose_id)
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        if client.version != version:
            raise Conflict("the client was changed meanwhile: look again", code="changed")
        after = corrections.text_of(corrections.corrected(client, purpose_id, text), purpose_id)
        arguments = {
            "client_id": client.client_id,
            "version": version,
            "purpose": purpose_id,
            "before": dict(before),
            "text": dict(after),
        }
        name = f"client:{client.client_id}"
        self._gate.passed(
            who, Action.CLIENT_CORRECT, DEPLOYMENT, self._decide(who.actor, arguments), name, hidden=False
        )
        return self._gate.wait(who, Request(CORRECT, Action.CLIENT_CORRECT, name, arguments, reason))

    def _decide(self, actor: Actor, arguments: Arguments) -> Decision:
        client = self._known(arguments["client_id"])
        asked = [(Action.CLIENT_CORRECT, targets.of_client(client, self._gate.ground()))]
        if is_powerful(client, self._gate.admins):
            asked.append((Action.CLIENT_POWER, DEPLOYMENT))
        return strictest([self._gate.decide(actor, action, target) for action, target in asked])

    def _carry_out(self, arguments: Arguments, parties: Parties) -> None:
        client, purpose_id = self._known(arguments["client_id"]), arguments["purpose"]
        if client.version != arguments["version"]:
            raise Conflict("the client was changed since this was asked", code="changed")
        actor, note = parties.requester.principal, parties.reason
        try:
            self._registry.correct(client.client_id, purpose_id, arguments["text"], actor=actor, note=note, seen=client)
        except ClientConflict as error:
            raise Conflict("the client was changed meanwhile: look again", code="changed") from error

    def _known(self, client_id: str) -> Client:
        try:
            return self._registry.known(client_id)
        except ClientNotFound as error:
            raise NotFound("no such client") from error


def _text(client: Client, purpose_id: str) -> Mapping[str, str]:
    try:
        return corrections.text_of(client, purpose_id)
    except KeyError as error:
        raise NotFound("there is no such purpose") from error
