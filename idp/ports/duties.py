"""Who has the duty to assist citizens in person, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Duty:
    """The duty at one unit; ``mandate_id`` is the mandate that it comes from, "" for a role: what is begun by it ends with it."""

    unit: str
    mandate_id: str = ""


class Duties(Protocol):
    """A register of duties."""

    def of(self, account_id: str) -> list[Duty]:
        """Return the duties that an account has now; none for everybody else."""
        ...
