"""Undoing what somebody else did: not by who stands below him."""

from __future__ import annotations

from dataclasses import dataclass

from policies.delegation.actions import Action
from policies.delegation.deciding import may
from policies.delegation.ground import Ground
from policies.delegation.model import TOP, Actor, AdminGrant, Decision, Target, Verdict, denied
from policies.delegation.roles import ROLES


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: the act, by whom with every grant of theirs that was ever made, and when (epoch seconds)."""

    action: Action
    by: Actor
    at: int


def may_undo(actor: Actor, action: Action, target: Target, done: Done, ground: Ground, now: int) -> Decision:
    """Return whether an act may undo what was done to a target; beside the answers of ``may`` the reason ``outranked``.

    It takes the right there where the other held his: what the province stopped, a commune does not let go on. Of several rights of his the
    lowest counts. The local operator stands at the top; where nothing stands any more of what he did it with, the right itself is enough.
    """
    decision = may(actor, action, target, ground, now)
    if decision.is_denied or actor.principal == done.by.principal:
        return decision
    if not done.by.principal.startswith(("account:", "client:")):
        places = [TOP]
    else:
        used = [one for one in done.by.grants if _counted(one, done)]
        standing = [stands for one in used if (stands := ground.standing(one.unit)) is not None]
        places = [one for one in standing if one == TOP or all(ground.reaches(one, unit) for unit in target.units)]
    if not places or any(
        may(actor, action, Target((one,)), ground, now).verdict is not Verdict.DENIED for one in places
    ):
        return decision
    return denied("outranked")


def may_take_over(actor: Actor, target: Target, done: Done, ground: Ground, now: int) -> bool:
    """Tell whether what was done counts for more when this actor does it too: he may undo it, and whoever did it may not undo his.

    What the operator did stands at the top already.
    """
    if not done.by.principal.startswith(("account:", "client:")):
        return False
    if may_undo(actor, done.action, target, done, ground, now).is_denied:
        return False
    return may_undo(done.by, done.action, target, Done(done.action, actor, now), ground, now).is_denied


def _counted(grant: AdminGrant, done: Done) -> bool:
    """Tell whether a grant held the act in that moment; one that was taken away since counts as it did then."""
    is_over = (grant.ends is not None and grant.ends <= done.at) or (
        grant.revoked_at is not None and grant.revoked_at < done.at
    )
    return not is_over and grant.begins <= done.at and done.action in ROLES[grant.role]
