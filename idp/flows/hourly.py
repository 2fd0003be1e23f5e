"""How often something may happen within an hour, over all processes."""

from __future__ import annotations

from typing import Final

from idp.clock import Clock
from idp.ports.ephemeral import Counters

HOUR: Final = 3600


class HourlyLimit:
    """Counts by key within each hour of the clock; the count goes up before anything is done."""

    def __init__(self, counters: Counters, clock: Clock, name: str, limit: int) -> None:
        """Take the counters, the clock, a name of its own and the limit."""
        self._counters = counters
        self._clock = clock
        self._name = name
        self._limit = limit

    def count(self, key: str = "") -> int:
        """Count one; returns 0 if it may be done, else the seconds until the next hour."""
        now = self._clock.now()
        after = self._counters.add(f"{self._name}:{now // HOUR}:{key}", now, HOUR)
        return 0 if after.count <= self._limit else HOUR - now % HOUR
