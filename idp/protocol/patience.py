"""Long polling (RFC 8936 section 2.4): a fiber waits until there is something to hand over, for a bounded time and by a bounded number at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MOST_WAITING: Final = 64
"""Polls of one process that wait at once; who comes beyond them is answered at once. One stream waits once."""
_EVERY: Final = 1.0
"""Seconds between two looks."""


class Patience:
    """Waits for departments."""

    def __init__(self, pause: Callable[[float], None], may_wait: Callable[[], bool], seconds: int) -> None:
        """Take what lets others run for seconds, whether the caller may wait at all (a fiber may), and how long at the most."""
        self._pause = pause
        self._may_wait = may_wait
        self._seconds = seconds
        self._waiting: set[str] = set()

    def until(self, stream_id: str, is_there: Callable[[], bool]) -> None:
        """Return once ``is_there``, or when it took too long, or at once where nobody may wait."""
        if not self._may_wait() or stream_id in self._waiting or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.add(stream_id)
        try:
            for _ in range(int(self._seconds / _EVERY)):
                if is_there():
                    return
                self._pause(_EVERY)
        finally:
            self._waiting.discard(stream_id)
