"""The second person: somebody else who may do the act too, and does not owe that right to the first alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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
    own = tuple(grant for grant in approver.grants if lineage.is_independent(grant))
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

    def is_independent(self, grant: AdminGrant) -> bool:
        """Tell whether somebody else stands behind a grant: a second person, the operator, or a granter who is independent himself.

        Found from the roots upwards: way by way through administrators who grant to each other, each of them would double the ways.
        """
        behind = self._all_behind(grant)
        rooted: set[str] = set()
        while True:
            more = {
                name
                for name, (one, held) in behind.items()
                if name not in rooted and self._is_rooted(one, held, rooted)
            }
            if not more:
                return grant.id in rooted
            rooted |= more

    def _all_behind(self, grant: AdminGrant) -> Mapping[str, tuple[AdminGrant, Sequence[AdminGrant]]]:
        """Return a grant and all that it could rest on, by id, each with what its granter held when it was made."""
        found: dict[str, tuple[AdminGrant, Sequence[AdminGrant]]] = {}
        waiting = [grant]
        while waiting:
            one = waiting.pop()
            if one.id not in found:
                held = [each for each in self.everybody.get(one.granted_by, ()) if self._could_support(each, one)]
                found[one.id] = one, held
                waiting.extend(held)
        return found

    def _is_rooted(self, grant: AdminGrant, held: Sequence[AdminGrant], rooted: AbstractSet[str]) -> bool:
        if grant.approved_by and grant.approved_by != self.requester:
            return True
        if not grant.granted_by.startswith(("account:", "client:")):
            return True
        if grant.granted_by == self.requester:
            return False
        # A right of another sort, of another place, or long gone does not make a shadow independent: what was granted has to rest on it.
        own = frozenset().union(*(ROLES[one.role] for one in held if one.id in rooted))
        return ROLES[grant.role] | {Action.ADMIN_GRANT} <= own

    def _could_support(self, held: AdminGrant, made: AdminGrant) -> bool:
        """Tell whether a grant counted when another was made from it, and where; what a unit that has ended reached nobody can tell any more."""
        at = made.granted_at
        is_over = (held.ends is not None and held.ends <= at) or (held.revoked_at is not None and held.revoked_at < at)
        if is_over or held.begins > at or held.granted_at > at:
            return False
        above, below = self.ground.standing(held.unit), self.ground.standing(made.unit)
        return above is None or below is None or self.ground.reaches(held.unit, below)
