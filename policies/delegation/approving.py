"""The second person: somebody else who may do the act too, and does not owe that right to the first alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from policies.delegation.model import Actor, AdminGrant, Decision, Verdict, denied

Everybody = Mapping[str, tuple[AdminGrant, ...]]
"""Every grant that was ever made, by principal."""


def may_approve(approver: Actor, requester: str, everybody: Everybody, decide: Callable[[Actor], Decision]) -> Decision:
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
    own = tuple(grant for grant in approver.grants if _is_independent(grant, requester, everybody, frozenset()))
    independent = decide(replace(approver, grants=own))
    if independent.is_denied:
        return denied("not_independent")
    return Decision(Verdict.ALLOWED, "second_person", independent.by)


def _is_independent(grant: AdminGrant, requester: str, everybody: Everybody, seen: frozenset[str]) -> bool:
    """Tell whether somebody else stands behind a grant: a second person, the operator, or a granter who is independent himself."""
    if grant.approved_by and grant.approved_by != requester:
        return True
    granter = grant.granted_by
    if not granter.startswith(("account:", "client:")):
        return True
    if granter == requester or granter in seen:
        return False
    return any(
        _is_independent(other, requester, everybody, seen | {granter})
        for other in everybody.get(granter, ())
        if other.granted_at <= grant.granted_at
    )
