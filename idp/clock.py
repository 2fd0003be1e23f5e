"""The time, as a constructor argument instead of a global.

Every moment in the product is an ``int`` of seconds since the epoch (UTC); only the audit log needs microseconds, for order.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Protocol

VIETNAM: Final = timezone(timedelta(hours=7))
"""Asia/Ho_Chi_Minh, which has no summer time."""


def local_day(moment: int) -> str:
    """Return the ISO date in Vietnam of a moment in epoch seconds: acts of the state take effect at local midnight."""
    return datetime.fromtimestamp(moment, UTC).astimezone(VIETNAM).date().isoformat()


class Clock(Protocol):
    """Tells the time to everything that needs it, so that a test can hold it still."""

    def now(self) -> int:
        """Return seconds since the epoch."""
        ...

    def now_us(self) -> int:
        """Return microseconds since the epoch."""
        ...


class Timer(Protocol):
    """Measures durations: a clock that only goes forward, and a pause; both in seconds."""

    def elapsed(self) -> float:
        """Return seconds since some moment."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemTimer:
    """The machine's own; its pause holds up the thread, so it is for commands and regular tasks."""

    __slots__ = ()

    def elapsed(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now(self) -> int:
        """Return seconds since the epoch."""
        return int(time.time())

    def now_us(self) -> int:
        """Return microseconds since the epoch."""
        return time.time_ns() // 1000
