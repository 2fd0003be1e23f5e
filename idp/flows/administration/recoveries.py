"""Recoveries at the counter by two members of staff: one sees the person, another lets it go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.errors import InvalidInput, NotFound, Refused
from idp.flows.administration.accounts import AccountAdministration, initials
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate, needs_second
from idp.model.approval import Approval
from idp.services.accounts import AccountService, masked
from idp.services.approvals import Request
from idp.services.recoveries import Begun, RecoveryService
from policies.delegation import Action, Actor, Decision
from policies.recovery import Path

RECOVER: Final = "account:recover"


@dataclass(frozen=True, slots=True)
class Asked:
    """A recovery that was begun and waits: the activation code is handed over at once, and opens nothing before the approval."""

    begun: Begun
    approval: Approval


class RecoveryAdministration:
    """Begins recoveries; the second person decides among the approvals."""

    def __init__(
        self, gate: Gate, people: AccountAdministration, accounts: AccountService, recoveries: RecoveryService
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._people = people
        self._accounts = accounts
        self._recoveries = recoveries

    def acts(self) -> Mapping[str, Act]:
        """Return the act that waits."""
        return {RECOVER: Act(self._decide, self._approve)}

    def begin(self, who: Administrator, account_id: str, evidence: str, reason: str) -> Asked:
        """Begin a recovery of an account within reach. Raises ``NotFound``, ``Refused`` and ``InvalidInput``."""
        account, _ = self._people.seen(who, Action.ACCOUNT_RECOVER, account_id)
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        decision = self._decide(who.actor, {"account_id": account.id})
        if not needs_second(decision):
            raise Refused("an account is recovered by two persons")
        begun = self._recoveries.begin(account.id, Path.COUNTER, evidence=evidence, reason=reason, actor=who.principal)
        arguments = {"account_id": account.id, "recovery": begun.row.id}
        name = f"account:{account.id}"
        return Asked(begun, self._gate.wait(who, Request(RECOVER, Action.ACCOUNT_RECOVER, name, arguments, reason)))

    def enter(self, who: Administrator) -> None:
        """Let in who holds the act anywhere; raises ``Refused``, which is recorded."""
        self._gate.anywhere(who, Action.ACCOUNT_RECOVER, "accounts")

    def parties(self, approval: Approval) -> tuple[str, str]:
        """Return how the person and the first member of staff are named to the second one: initials and masked code, never more."""
        return self._named(str(approval.arguments["account_id"])), self._named(approval.requester.partition(":")[2])

    def _named(self, account_id: str) -> str:
        try:
            account = self._accounts.get(account_id)
        except NotFound:
            return "?"
        current = [code for code in self._accounts.codes(account.id) if code.valid_to is None]
        name = initials(str(account.profile.get("name", "")))
        return f"{name} ({masked(current[0].value)})" if current else name

    def evidence(self, approval: Approval) -> str:
        """Return what the first person saw, for the second one."""
        row = self._recoveries.get(str(approval.arguments["recovery"]))
        return row.evidence if row is not None else ""

    def _decide(self, actor: Actor, arguments: Arguments) -> Decision:
        account = self._accounts.get(arguments["account_id"])
        return self._gate.decide(actor, Action.ACCOUNT_RECOVER, self._people.target(account))

    def _approve(self, arguments: Arguments, parties: Parties) -> None:
        self._recoveries.approve(arguments["recovery"], parties.approver)
