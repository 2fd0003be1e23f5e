"""Administrators: who has which role where, granting and taking away. At the top of the deployment by two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clients.registry import ClientRegistry
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound
from idp.flows.administration.acts import Act, Arguments, Parties
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.client_changes import strictest
from idp.flows.administration.gate import Gate, Reach, needs_second
from idp.flows.administration.paging import Page, Window, page
from idp.flows.administration.words import begins_one, has_words, words_of
from idp.model.approval import Approval
from idp.ports.administration import GrantQuery
from idp.services.accounts import AccountService
from idp.services.admins import AdminService
from idp.services.approvals import Request
from policies.delegation import (
    TOP,
    Action,
    Actor,
    AdminGrant,
    Decision,
    Proposal,
    Role,
    Target,
    may_grant,
    may_revoke,
)
from policies.units import UnitKey

GRANT: Final = "admin:grant"
REVOKE: Final = "admin:revoke"
_CHUNK: Final = 200


@dataclass(frozen=True, slots=True)
class GrantWish:
    """What somebody would like to grant; ``unit`` is a code of today or ``*``, moments are epoch seconds (``begins`` 0 for now)."""

    principal: str
    role: str
    unit: str
    begins: int = 0
    ends: int | None = None


class AdminAdministration:
    """Grants and revokes in the name of an administrator."""

    def __init__(
        self, gate: Gate, admins: AdminService, accounts: AccountService, registry: ClientRegistry, clock: Clock
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._admins = admins
        self._accounts = accounts
        self._registry = registry
        self._clock = clock

    def acts(self) -> Mapping[str, Act]:
        """Return the acts that may wait."""
        return {
            GRANT: Act(lambda actor, what: self._decide_grant(actor, _proposal(what)), self._carry_out_grant),
            REVOKE: Act(self._decide_revoke, self._carry_out_revoke),
        }

    def search(
        self, who: Administrator, query: GrantQuery, window: Window, *, text: str = "", unit: str = ""
    ) -> Page[AdminGrant]:
        """Return grants in order of id; those over units out of reach are not there.

        ``text`` are words of the unit's name or code or of the reason, or how the principal's id begins;
        ``unit`` is a code of today: that one and what is below it.
        """
        reach = self._gate.anywhere(who, Action.ADMIN_READ, "admins")
        words, within = words_of(text), self._below(unit) if unit else None
        found: list[AdminGrant] = []
        after = window.after
        while len(found) <= window.limit:
            rows = self._admins.search(GrantQuery(query.principal, query.role, after, _CHUNK, ended=query.ended))
            found += [
                row
                for row in rows
                if self._is_within(reach, row)
                and (within is None or self._is_within(within, row))
                and (begins_one(text, row.principal) or has_words(words, *self._texts(row)))
            ]
            if len(rows) < _CHUNK:
                break
            after = rows[-1].id
        return page(found[: window.limit + 1], [row.id for row in found], window.limit)

    def show(self, who: Administrator, grant_id: str) -> AdminGrant:
        """Return one grant."""
        return self._seen(who, Action.ADMIN_READ, grant_id)

    def grant(self, who: Administrator, wish: GrantWish, reason: str) -> AdminGrant | Approval:
        """Grant a role; raises ``InvalidInput``, ``Refused``, ``Conflict`` for one that is there already."""
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        name = f"{wish.principal} {wish.role} {wish.unit}"
        self._gate.enter(who, Action.ADMIN_GRANT, name)
        proposal = self._wished(wish)
        decision = self._decide_grant(who.actor, proposal)
        about = Target((proposal.unit,))
        self._gate.passed(who, Action.ADMIN_GRANT, about, decision, name, hidden=False)
        self._check_principal(proposal.principal)
        if needs_second(decision):
            return self._gate.wait(
                who, Request(GRANT, Action.ADMIN_GRANT, proposal.principal, _arguments(proposal), reason)
            )
        return self._admins.grant(proposal, by=who.principal, reason=reason, needs=decision.by)

    def revoke(self, who: Administrator, grant_id: str, reason: str, *, with_granted: bool = False) -> int | Approval:
        """Take a grant away, and with ``with_granted`` what its holder granted alone, and these in turn, as far as the actor may."""
        if not reason.strip():
            raise InvalidInput("is required", field="reason")
        grant = self._seen(who, Action.ADMIN_REVOKE, grant_id)
        arguments = {"grant_id": grant.id, "with_granted": with_granted}
        decision = self._decide_revoke(who.actor, arguments)
        self._gate.passed(who, Action.ADMIN_REVOKE, Target(), decision, f"grant:{grant_id}", hidden=False)
        if needs_second(decision):
            return self._gate.wait(who, Request(REVOKE, Action.ADMIN_REVOKE, f"grant:{grant.id}", arguments, reason))
        return self._revoked(arguments, by=who.principal, reason=reason, needs=decision.by)

    def _decide_grant(self, actor: Actor, proposal: Proposal) -> Decision:
        return may_grant(actor, proposal, self._gate.ground(), self._clock.now())

    def _decide_revoke(self, actor: Actor, arguments: Arguments) -> Decision:
        ground, now = self._gate.ground(), self._clock.now()
        return strictest([may_revoke(actor, one, ground, now) for one in self._meant(arguments)])

    def _carry_out_grant(self, arguments: Arguments, parties: Parties) -> None:
        proposal = _proposal(arguments)
        self._check_principal(proposal.principal)
        decision = self._decide_grant(parties.requester, proposal)
        self._admins.grant(
            proposal,
            by=parties.requester.principal,
            approved_by=parties.approver,
            reason=parties.reason,
            needs=decision.by,
        )

    def _carry_out_revoke(self, arguments: Arguments, parties: Parties) -> None:
        by, needs = parties.requester.principal, self._decide_revoke(parties.requester, arguments).by
        self._revoked(arguments, by=by, reason=parties.reason, needs=needs, approved_by=parties.approver)

    def _revoked(
        self, arguments: Arguments, *, by: str, reason: str, needs: tuple[str, ...], approved_by: str = ""
    ) -> int:
        return self._admins.revoke(self._meant(arguments), by=by, reason=reason, needs=needs, approved_by=approved_by)

    def _meant(self, arguments: Arguments) -> list[AdminGrant]:
        grant = self._admins.get(arguments["grant_id"])
        more = self._admins.everything_from(grant) if arguments["with_granted"] else ()
        return [grant, *more]

    def _wished(self, wish: GrantWish) -> Proposal:
        try:
            role = Role(wish.role)
        except ValueError as error:
            raise InvalidInput(f"must be one of {', '.join(Role)}", field="role") from error
        begins = wish.begins or self._clock.now()
        return Proposal(wish.principal, role, self._admins.unit(wish.unit), begins, wish.ends)

    def _check_principal(self, principal: str) -> None:
        """Refuse a grant to nobody; asked after the right to grant, so that nobody asks who is there."""
        kind, _, name = principal.partition(":")
        if kind == "client":
            client = self._registry.find(name)
            if client is not None and client.is_active:
                return
        elif kind == "account":
            try:
                account = self._accounts.get(name)
            except NotFound:
                account = None
            if account is not None and account.id == name and (account.kind, account.state) == ("person", "active"):
                return
        raise InvalidInput("must be account:ID of an active person or client:ID of an active client", field="principal")

    def _seen(self, who: Administrator, action: Action, grant_id: str) -> AdminGrant:
        name = f"grant:{grant_id}"
        self._gate.enter(who, action, name)
        try:
            found = self._admins.get(grant_id)
        except NotFound:
            self._gate.refuse(who, action, name, "unknown", visible=False)
        if not self._is_within(self._gate.reach(who, Action.ADMIN_READ), found):
            self._gate.refuse(who, action, name, "not_held", visible=False)
        if found.revoked_at is not None and action is not Action.ADMIN_READ:
            raise Conflict("it was revoked before", code="revoked")
        return found

    def _below(self, code: str) -> Reach:
        ground = self._gate.ground()
        unit = ground.register.on(code, ground.day)
        return Reach(everywhere=False, codes=ground.below(unit.key) if unit is not None else frozenset())

    def _texts(self, grant: AdminGrant) -> tuple[str, ...]:
        """Return what a grant is looked for by."""
        unit = self._gate.ground().register.get(grant.unit) if grant.unit != TOP else None
        return (grant.unit.code, unit.full_name if unit is not None else "", grant.reason)

    def _is_within(self, reach: Reach, grant: AdminGrant) -> bool:
        if reach.everywhere:
            return True
        stands = self._gate.ground().standing(grant.unit)
        return stands is not None and stands != TOP and stands.code in reach.codes


def _arguments(proposal: Proposal) -> dict[str, object]:
    return {
        "principal": proposal.principal,
        "role": proposal.role.value,
        "unit": list(proposal.unit),
        "begins": proposal.begins,
        "ends": proposal.ends,
    }


def _proposal(arguments: Arguments) -> Proposal:
    unit = UnitKey(*arguments["unit"])
    return Proposal(arguments["principal"], Role(arguments["role"]), unit, arguments["begins"], arguments["ends"])
