"""The one question: may this actor do this act on this target now?"""

from __future__ import annotations

from collections.abc import Iterable

from policies.delegation.actions import ADMINISTRATORS, DANGEROUS, DANGEROUS_AT_TOP, OUTRANKING, Action
from policies.delegation.ground import Ground
from policies.delegation.model import TOP, Actor, AdminGrant, Decision, Target, Verdict, denied
from policies.delegation.roles import ROLES
from policies.units import UnitKey


def may(actor: Actor, action: Action, target: Target, ground: Ground, now: int) -> Decision:
    """Return whether the act is allowed, needs a second person, or is denied.

    Reasons of a refusal: ``not_held`` (no live grant holds the act there), ``oneself`` and ``outranked`` (the target is an administrator's
    account), ``machine`` (a client asks for what two persons must do).
    """
    by = _held(actor.grants, action, target.units, ground, now)
    if by is None:
        return denied("not_held")
    if target.held and action in OUTRANKING:
        if target.principal == actor.principal:
            return denied("oneself")
        if not _dominates(actor, target.held, ground, now):
            return denied("outranked")
        if action in ADMINISTRATORS:
            return _by_two(actor, "administrators_account", by)
    if action in DANGEROUS or (action in DANGEROUS_AT_TOP and TOP in (target.units or (TOP,))):
        return _by_two(actor, "dangerous", by)
    return Decision(Verdict.ALLOWED, "held", by)


def holds_anywhere(grants: Iterable[AdminGrant], action: Action, now: int) -> bool:
    """Tell whether some live grant holds an act, wherever that is."""
    return any(grant.is_live(now) and action in ROLES[grant.role] for grant in grants)


def live_holding(
    grants: Iterable[AdminGrant], action: Action, unit: UnitKey, ground: Ground, now: int
) -> list[AdminGrant]:
    """Return the live grants that hold an act over a unit."""
    return [
        grant
        for grant in grants
        if grant.is_live(now) and action in ROLES[grant.role] and ground.reaches(grant.unit, unit)
    ]


def _held(
    grants: Iterable[AdminGrant], action: Action, units: tuple[UnitKey, ...], ground: Ground, now: int
) -> tuple[str, ...] | None:
    """Return a grant for each unit; None as soon as one unit has none. Without any unit it takes one at the top."""
    found = [live_holding(grants, action, unit, ground, now) for unit in units or (TOP,)]
    return tuple(holding[0].id for holding in found) if all(found) else None


def _dominates(actor: Actor, held: Iterable[AdminGrant], ground: Ground, now: int) -> bool:
    """Tell whether the actor holds every right of somebody else where that one holds it; a grant that has not begun counts as well."""
    return all(
        live_holding(actor.grants, action, grant.unit, ground, now)
        for grant in held
        if grant.revoked_at is None and (grant.ends is None or now < grant.ends)
        for action in ROLES[grant.role]
    )


def _by_two(actor: Actor, reason: str, by: tuple[str, ...]) -> Decision:
    """Whoever manages a client can act as it: a client is nobody's first person, and nobody's second."""
    return Decision(Verdict.NEEDS_APPROVAL, reason, by) if actor.is_person else denied("machine")
