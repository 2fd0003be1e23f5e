"""Keys as a list shows them: what has happened to each, and what is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keys.model import KeyState, SigningKey
from keys.plan import KeyPolicy
from keys.schedule import bounds


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A line of ``idp keys list``; moments are seconds since the epoch.

    ``activates`` and ``retires`` are planned moments for the future and actual ones for the past. ``moved_from`` is the
    moment of the settings where somebody moved the rotation of an active key; ``earliest`` and ``latest`` are the
    moments between which it may be moved. All three are None for keys in other states.
    """

    kid: str
    alg: str
    use: str
    state: str
    created: int
    activates: int | None
    retires: int | None
    moved_from: int | None = None
    earliest: int | None = None
    latest: int | None = None


def row_of(key: SigningKey, keys: Sequence[SigningKey], policy: KeyPolicy) -> KeyRow:
    """Return the line of one of ``keys``."""
    activates, retires = key.activated_at, key.retired_at or key.revoked_at or key.removed_at or key.due_at
    if key.state is KeyState.NEXT:
        signing = next((other for other in keys if other.alg == key.alg and other.state is KeyState.ACTIVE), None)
        activates = max(policy.ready_at(key), (signing.due_at if signing else None) or 0)
    row = (key.kid, key.alg, key.use, key.state.value, key.created_at, activates, retires)
    if key.state is not KeyState.ACTIVE:
        return KeyRow(*row)
    allowed = bounds(keys, key, policy)
    moved_from = key.retires_at if key.moved_to is not None else None
    return KeyRow(*row, moved_from, allowed.earliest if allowed else None, allowed.latest if allowed else None)
