"""The second person: somebody else who may do the act too, and does not owe that right to the first alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from policies.delegation.actions import Action
from policies.delegation.ground import Ground
from policies.delegation.model import Actor, AdminGrant, Decision, Verdict, denied
from policies.delegation.roles import ROLES

Everybody = Mapping[str, tuple[AdminGrant, ...]]
"""Every grant that was ever made, by principal."""


def may_approve(
    approver: Actor, requester: str, everybody: Everybody, ground: Ground, decide: Callable[[Actor], Decision]
) -> Decision:
    """Return whether somebody may be the second person for an act; ``decide`` is the policy's answer for that act itself.

    Only rights count that the approver does not owe to the requester alone, directly or by way of others: one person with two accounts is
    one person. Reasons: ``oneself``, ``machine``, ``not_independent``, and those of the act.
    """
    if approver.principal == requester:
        return denied("oneself")
    if not approver.is_person:
        return denied("machine")
    decision = decide(approver)
    if decision.is_denied:
        return decision
    lineage = _Lineage(requester, everybody, ground)
    own = tuple(grant for grant in approver.grants if lineage.is_independent(grant, frozenset()))
    independent = decide(replace(approver, grants=own))
    if independent.is_denied:
        return denied("not_independent")
    return Decision(Verdict.ALLOWED, "second_person", independent.by)


@dataclass(frozen=True, slots=True)
class _Lineage:
    """Who stands behind a grant, seen from the one who must not be all of it."""

    requester: str
    everybody: Everybody
    ground: Ground

    def is_independent(self, grant: AdminGrant, seen: frozenset[str]) -> bool:
        """Tell whether somebody else stands behind a grant: a second person, the operator, or a granter who is independent himself."""
        if grant.approved_by and grant.approved_by != self.requester:
            return True
        granter = grant.granted_by
        if not granter.startswith(("account:", "client:")):
            return True
        if granter == self.requester or granter in seen:
            return False
        behind = [one for one in self.everybody.get(granter, ()) if self._could_support(one, grant)]
        own = (one for one in behind if self.is_independent(one, seen | {granter}))
        # A right of another sort, of another place, or long gone does not make a shadow independent: what was granted has to rest on it.
        return ROLES[grant.role] | {Action.ADMIN_GRANT} <= frozenset().union(*(ROLES[one.role] for one in own))

    def _could_support(self, held: AdminGrant, made: AdminGrant) -> bool:
        """Tell whether a grant counted when another was made from it, and where; what a unit that has ended reached nobody can tell any more."""
        at = made.granted_at
        is_over = (held.ends is not None and held.ends <= at) or (held.revoked_at is not None and held.revoked_at < at)
        if is_over or held.begins > at or held.granted_at > at:
            return False
        above, below = self.ground.standing(held.unit), self.ground.standing(made.unit)
        return above is None or below is None or self.ground.reaches(held.unit, below)
