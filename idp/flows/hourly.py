"""How often something may happen within an hour, or another stretch of the clock, over all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.clock import Clock
from idp.ports.ephemeral import Counters

HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Wait:
    """How many seconds to wait (0: none), and whether this is the first that has to within the stretch."""

    seconds: int = 0
    is_first: bool = False


class HourlyLimit:
    """Counts by key within each hour of the clock; the count goes up before anything is done."""

    def __init__(self, counters: Counters, clock: Clock, name: str, limit: int, *, stretch: int = HOUR) -> None:
        """Take the counters, the clock, a name of its own, the limit, and the seconds of another stretch than an hour."""
        self._stretch = stretch
        self._counters = counters
        self._clock = clock
        self._name = name
        self._limit = limit

    def count(self, key: str = "") -> int:
        """Count one; returns 0 if it may be done, else the seconds until the next stretch."""
        return self.weigh(key).seconds

    def weigh(self, key: str = "") -> Wait:
        """Count one as ``count`` does; tells also which refusal is the first, so that a flood need not be recorded one by one."""
        now, stretch = self._clock.now(), self._stretch
        after = self._counters.add(f"{self._name}:{now // stretch}:{key}", now, stretch)
        if after.count <= self._limit:
            return Wait()
        return Wait(stretch - now % stretch, is_first=after.count == self._limit + 1)
