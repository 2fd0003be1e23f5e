"""One rotation moved to another moment: the bounds, and the steps that move it or take the move back. Pure.

A move belongs to the active key and ends with it: the key that follows has the plan of the settings again. The plan
(``keys.plan``) carries a moved rotation out as any other, so it waits, like any other, for a next key that every cache
has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keys.errors import KeyNotFound, KeyNotSigning, RotationOutOfBounds
from keys.model import KeyAction, KeyState, SigningKey
from keys.plan import KeyPolicy, Step


@dataclass(frozen=True, slots=True)
class Bounds:
    """The moments between which a rotation may be moved, seconds since the epoch, both included."""

    earliest: int
    latest: int


def bounds(keys: Iterable[SigningKey], active: SigningKey, policy: KeyPolicy) -> Bounds | None:
    """Return where the rotation of an active key may be moved; None for one that no rotation awaits.

    Not before every cached JWK set has the next key. Not later than half a signing period after the planned end: the
    period is what the deployment has decided on for a key, and a move is for a holiday or a change of systems.
    """
    upcoming = next((key for key in keys if key.alg == active.alg and key.state is KeyState.NEXT), None)
    began, planned = active.activated_at, active.retires_at
    if active.state is not KeyState.ACTIVE or active.alg not in policy.algorithms or not upcoming:
        return None
    if began is None or planned is None:
        return None
    return Bounds(policy.ready_at(upcoming), planned + (planned - began) // 2)


def plan_move(keys: Iterable[SigningKey], kid: str, moment: int, now: int, policy: KeyPolicy) -> tuple[Step, ...]:
    """Return the step that moves the rotation of the active key ``kid`` to ``moment``; nothing where it is already.

    Raises ``KeyNotFound``, ``KeyNotSigning`` for a key that is not active (any more), and ``RotationOutOfBounds``, also
    for a moment that has passed: what is to happen now is a rotation.
    """
    known = tuple(keys)
    key = _signing(known, kid)
    allowed = bounds(known, key, policy)
    if allowed is None:
        raise KeyNotSigning(f"no rotation awaits key {kid}: its algorithm is disabled")
    earliest = max(allowed.earliest, now + 1)
    if not earliest <= moment <= allowed.latest:
        raise RotationOutOfBounds(earliest, allowed.latest)
    if key.due_at == moment:
        return ()
    # A move to the planned moment is none.
    moved_to = None if moment == key.retires_at else moment
    return (Step(KeyAction.SCHEDULE, key.alg, "manual", kid, moved_to=moved_to),)


def plan_unmove(keys: Iterable[SigningKey], kid: str) -> tuple[Step, ...]:
    """Return the step that gives the active key ``kid`` its planned moment back; nothing where it has it.

    Raises ``KeyNotFound`` and ``KeyNotSigning``. Where the planned moment has passed, the rotation is due at once.
    """
    key = _signing(tuple(keys), kid)
    return () if key.moved_to is None else (Step(KeyAction.SCHEDULE, key.alg, "manual", kid),)


def _signing(keys: tuple[SigningKey, ...], kid: str) -> SigningKey:
    key = next((one for one in keys if one.kid == kid), None)
    if key is None:
        raise KeyNotFound(f"no key {kid}: see `idp keys list`")
    if key.state is not KeyState.ACTIVE:
        raise KeyNotSigning(f"key {kid} is {key.state}: only the rotation of an active key can be moved")
    return key
