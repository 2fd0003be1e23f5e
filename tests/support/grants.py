"""Rights of administrators, for tests of the policy."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from policies.delegation import TOP, Actor, AdminGrant, Role
from policies.units import UnitKey

_IDS: Final = count()


def grant(principal: str = "account:a", role: Role = Role.CLIENT_MANAGER, at: UnitKey = TOP, **own: Any) -> AdminGrant:
    """Return a right that the operator gave at the beginning of time and that does not end, with members of its own."""
    values: dict[str, Any] = {"begins": 0, "ends": None, "granted_by": "operator:local", "granted_at": 0, **own}
    return AdminGrant(f"g{next(_IDS)}", principal, role, at, **values)


def actor(*grants: AdminGrant, name: str = "account:a") -> Actor:
    """Return somebody who holds these."""
    return Actor(name, tuple(grants), is_person=name.startswith("account:"))
