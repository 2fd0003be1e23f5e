"""What may be granted and taken away: nothing that the granter does not hold, nothing beyond the time for which he holds it, nothing to himself."""

from __future__ import annotations

from dataclasses import dataclass

from policies.delegation.actions import Action
from policies.delegation.deciding import live_holding, may
from policies.delegation.ground import Ground
from policies.delegation.model import Actor, AdminGrant, Decision, Target, denied
from policies.delegation.roles import ROLES, Role
from policies.units import UnitKey


@dataclass(frozen=True, slots=True)
class Proposal:
    """A grant that somebody would like to make."""

    principal: str
    role: Role
    unit: UnitKey
    begins: int
    ends: int | None = None


def may_grant(actor: Actor, proposal: Proposal, ground: Ground, now: int) -> Decision:
    """Return whether the actor may grant it; ``by`` names the grants that must still stand when it is written.

    Reasons beside those of ``may``: ``oneself``, ``empty_period``, ``unit_not_in_force``, ``not_held_to_grant``.
    """
    if proposal.principal == actor.principal:
        return denied("oneself")
    begins = max(proposal.begins, now)
    if proposal.ends is not None and proposal.ends <= begins:
        return denied("empty_period")
    if ground.standing(proposal.unit) != proposal.unit:
        return denied("unit_not_in_force")
    decision = may(actor, Action.ADMIN_GRANT, Target((proposal.unit,)), ground, now)
    if decision.is_denied:
        return decision
    by: set[str] = set()
    for action in ROLES[proposal.role] | {Action.ADMIN_GRANT}:
        holding = live_holding(actor.grants, action, proposal.unit, ground, now)
        lasting = [grant.id for grant in holding if grant.lasts(begins, proposal.ends)]
        if not lasting:
            return denied("not_held_to_grant")
        by.add(lasting[0])
    return Decision(decision.verdict, decision.reason, tuple(sorted(by)))


def may_revoke(actor: Actor, grant: AdminGrant, ground: Ground, now: int) -> Decision:
    """Return whether the actor may take a grant away.

    It takes the right to revoke there and every right of the role: who could not have granted it does not end it. One's own may be given up
    with ``admin:revoke`` like any other. The grant of a unit that has ended is reached from the top alone; it counts for nothing anyhow.
    """
    unit = ground.standing(grant.unit)
    decision = may(actor, Action.ADMIN_REVOKE, Target((unit,) if unit is not None else ()), ground, now)
    if decision.is_denied or unit is None:
        return decision
    held = (live_holding(actor.grants, action, unit, ground, now) for action in ROLES[grant.role])
    return decision if all(held) else denied("outranked")
