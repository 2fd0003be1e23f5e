"""Who is staff: people whose sign-in is locked after a few wrong tries, because they are few, known, and can be helped at once."""

from __future__ import annotations

from typing import Protocol


class StaffRegister(Protocol):
    """Tells staff from citizens."""

    def is_staff(self, account_id: str) -> bool:
        """Tell whether the account has a role today; the same work for an id that is nobody's."""
        ...
