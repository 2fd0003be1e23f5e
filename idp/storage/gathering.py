"""When a shared batch begins: at once for whoever comes alone, and a moment later where several came at the same time before.

Requests that were answered together come back together. Without waiting for all of them they settle into two groups that take turns, and every
batch (its flush, its round trip, its switches) is paid for twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from idp.fibers import Fibers

_PATIENCE: Final = 0.001
"""Seconds for which the first of a batch waits for those who came with it last time."""


class Gathering:
    """Begins the batches of one queue, one batch at a time."""

    def __init__(self, fibers: Fibers, waiting: Callable[[], int], begin: Callable[[], None], most: int) -> None:
        """Take what tells how many wait, what begins a batch on the loop's own greenlet, and how many one may hold."""
        self._fibers = fibers
        self._waiting = waiting
        self._begin = begin
        self._most = most
        self._usual = 1
        self._is_busy = False
        self._timer: asyncio.TimerHandle | None = None

    def joined(self) -> None:
        """Note that one more waits."""
        if not self._is_busy:
            self._is_busy = True
            # Not at once: other requests of this turn of the loop bring theirs.
            self._fibers.loop.call_soon(self._look)
        elif self._timer is not None and self._waiting() >= self._usual:
            self._timer.cancel()
            self._timer = None
            self._fibers.loop.call_soon(self._begin)

    def ended(self, together: int) -> None:
        """Note that a batch has ended, in which so many had come together."""
        waiting = self._waiting()
        self._usual = min(together + waiting, self._most)
        self._is_busy = waiting > 0
        if waiting:
            self._fibers.loop.call_soon(self._look)

    def _look(self) -> None:
        if self._waiting() >= self._usual:
            self._begin()
        else:
            self._timer = self._fibers.loop.call_later(_PATIENCE, self._over)

    def _over(self) -> None:
        self._timer = None
        self._begin()
