"""A clock that stands still until a test moves it."""

from __future__ import annotations

START = 1_800_000_000
"""A moment in January 2027; nothing depends on it."""


class FrozenClock:
    """``idp.clock.Clock`` by hand; ``us`` moves by one at each look, so that audit rows keep their order."""

    def __init__(self, start: int = START) -> None:
        """Start at ``start``, in epoch seconds."""
        self._now = start
        self._us = 0

    def now(self) -> int:
        """Return seconds since the epoch."""
        return self._now

    def now_us(self) -> int:
        """Return microseconds since the epoch, another number each time."""
        self._us += 1
        return self._now * 1_000_000 + self._us

    def advance(self, seconds: int) -> int:
        """Let ``seconds`` pass and return the new moment."""
        self._now += seconds
        return self._now
