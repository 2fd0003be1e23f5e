"""Duties that an operator gave by a mandate (kind ``clerk``), those that come with a role, and several registers as one."""

from __future__ import annotations

from collections.abc import Iterable

from idp.ports.duties import Duties, Duty
from idp.services.accounts import AccountService
from idp.services.mandates import MandateService
from idp.services.roles import RoleService
from policies.mandate_kinds import CLERK
from policies.mandates import gives


class MandatedDuties:
    """``ports.duties.Duties`` over mandates."""

    def __init__(self, mandates: MandateService, accounts: AccountService) -> None:
        """Take the mandates, and the accounts of whoever gave them."""
        self._mandates = mandates
        self._accounts = accounts

    def of(self, account_id: str) -> list[Duty]:
        """Return the duties that an account has now.

        One that is in the name of a business, as was possible once, is none; it runs out, or an office ends it.
        """
        held = [live.mandate for live in self._mandates.usable(account_id) if live.mandate.kind == CLERK]
        given = [one for one in held if gives(CLERK, is_agency=self._accounts.is_agency(one.principal_id))]
        return [Duty(one.unit_code, one.id) for one in given]


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
