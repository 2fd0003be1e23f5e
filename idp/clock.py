"""The time, as a constructor argument instead of a global.

Every moment in the product is an ``int`` of seconds since the epoch (UTC); only the audit log needs microseconds, for order.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time to everything that needs it, so that a test can hold it still."""

    def now(self) -> int:
        """Return seconds since the epoch."""
        ...

    def now_us(self) -> int:
        """Return microseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now(self) -> int:
        """Return seconds since the epoch."""
        return int(time.time())

    def now_us(self) -> int:
        """Return microseconds since the epoch."""
        return time.time_ns() // 1000
