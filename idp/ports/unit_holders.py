"""What hangs on units, told by whoever keeps it: department systems, residences, rights, federation statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from policies.units import Holding


class UnitHolders(Protocol):
    """One kind of holder. A new kind is one object in the tuple of ``wiring``: every reorganisation then counts it."""

    def holdings(self) -> Iterable[Holding]:
        """Return everything that hangs on a unit now, each with the unit's code and the day of which that code is."""
        ...
