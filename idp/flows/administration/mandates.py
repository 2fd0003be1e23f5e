"""Mandates as an administrator sees them from either party's account, and their end by the office of whoever is acted for."""

from __future__ import annotations

from dataclasses import dataclass

from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.model.mandate import Mandate
from idp.services.accounts import AccountService
from idp.services.mandates import MandateService
from policies.delegation import Action, Target
from policies.mandates import ACCEPTED, PROPOSED


@dataclass(frozen=True, slots=True)
class MandateView:
    """A mandate, and whether the one who looks may end it: it is open, and who is acted for is within reach."""

    mandate: Mandate
    may_end: bool


class MandateAdministration:
    """What is represented decides: who reaches the actor alone sees a mandate of his and cannot end it.

    Mandates are not given here. What one rests on is a document that somebody brings, so it is recorded where the document is read
    (``idp mandates add``).
    """

    def __init__(
        self, gate: Gate, people: AccountAdministration, accounts: AccountService, mandates: MandateService
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._people = people
        self._accounts = accounts
        self._mandates = mandates

    def of_account(self, who: Administrator, account_id: str, *, is_noted: bool = False) -> list[MandateView]:
        """Return the mandates in which an account acts or is acted for, newest first and at most some hundreds.

        The look is recorded, unless it is part of one at the account that was (``is_noted``).
        """
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        if not is_noted:
            self._accounts.note_shown(account.id, reveal=False, reason="mandates", actor=who.principal)
        found = {one.id: one for one in self._mandates.of_actor(account.id)}
        found |= {one.id: one for one in self._mandates.of_principal(account.id)}
        newest = sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True)
        return [MandateView(one, self._may_end(who, one)) for one in newest]

    def end(self, who: Administrator, account_id: str, mandate_id: str, reason: str) -> Mandate:
        """End a mandate with all that was passed on from it, at once; both parties are told.

        Raises ``InvalidInput`` without a reason, ``NotFound``, ``Refused``, and ``Conflict`` for one that has ended.
        """
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        account, _ = self._people.seen(who, Action.ACCOUNT_READ, account_id)
        name = f"mandate:{mandate_id}"
        self._gate.enter(who, Action.MANDATE_END, name)
        try:
            mandate = self._mandates.get(mandate_id)
        except NotFound:
            self._gate.refuse(who, Action.MANDATE_END, name, "unknown", visible=False)
        if account.id not in {mandate.actor_id, mandate.principal_id}:
            self._gate.refuse(who, Action.MANDATE_END, name, "unknown", visible=False)
        self._gate.require(who, Action.MANDATE_END, self._target(mandate), name, hidden=False)
        if mandate.state not in {PROPOSED, ACCEPTED}:
            raise Conflict("the mandate has ended before", code="ended")
        self._mandates.revoke(mandate.id, reason=reason, office=who.principal)
        return self._mandates.get(mandate.id)

    def _may_end(self, who: Administrator, mandate: Mandate) -> bool:
        if mandate.state not in {PROPOSED, ACCEPTED}:
            return False
        return not self._gate.decide(who.actor, Action.MANDATE_END, self._target(mandate)).is_denied

    def _target(self, mandate: Mandate) -> Target:
        return self._people.target(self._accounts.get(mandate.principal_id))
