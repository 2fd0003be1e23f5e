"""Duties that an operator gave by a mandate (kind ``clerk``), and several registers as one."""

from __future__ import annotations

from idp.ports.duties import Duties, Duty
from idp.services.mandates import MandateService
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
