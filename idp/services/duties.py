"""Duties that an operator gave by a mandate (kind ``clerk``), those that come with a role, and several registers as one."""

from __future__ import annotations

from collections.abc import Iterable

from idp.ports.duties import Duties, Duty
from idp.services.mandates import MandateService
from idp.services.roles import RoleService
from policies.mandate_kinds import CLERK


class MandatedDuties:
    """``ports.duties.Duties`` over mandates."""

    def __init__(self, mandates: MandateService) -> None:
        """Take the mandates."""
        self._mandates = mandates

    def of(self, account_id: str) -> list[Duty]:
        """Return the duties that an account has now."""
        held = (live.mandate for live in self._mandates.usable(account_id))
        return [Duty(one.unit_code, one.id) for one in held if one.kind == CLERK]


class RoleDuties:
    """``ports.duties.Duties`` over roles of officials: a duty ends with its role, and what was begun by it within the quarter of an hour."""

    def __init__(self, roles: RoleService, names: Iterable[str]) -> None:
        """Take the roles, and the names of those that carry the duty."""
        self._roles = roles
        self._names = frozenset(names)

    def of(self, account_id: str) -> list[Duty]:
        """Return the duties that an account has now."""
        if not self._names:
            return []
        views = (view for view in self._roles.in_force(account_id) if view.role in self._names)
        return [Duty(str(view.unit["code"])) for view in views if view.unit is not None]


class AllDuties:
    """Every register that there is."""

    def __init__(self, registers: tuple[Duties, ...]) -> None:
        """Take the registers; the first that knows a unit is the one that counts."""
        self._registers = registers

    def of(self, account_id: str) -> list[Duty]:
        """Return the duties of an account, each unit once."""
        found: dict[str, Duty] = {}
        for register in self._registers:
            for duty in register.of(account_id):
                found.setdefault(duty.unit, duty)
        return list(found.values())
