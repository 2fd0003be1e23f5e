"""Who is staff where several registers know: roles from directories, administrators."""

from __future__ import annotations

from idp.ports.staff import StaffRegister


class Registers:
    """``ports.staff.StaffRegister`` over several; each is asked, whatever the others say, so that the time tells nothing."""

    def __init__(self, registers: tuple[StaffRegister, ...]) -> None:
        """Take the registers."""
        self._registers = registers

    def is_staff(self, account_id: str) -> bool:
        """Tell whether one of them knows the account."""
        answers = tuple(register.is_staff(account_id) for register in self._registers)
        return any(answers)
