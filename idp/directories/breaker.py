"""A circuit breaker for one server: after some failures in a row it is left alone for a while, then one try says whether it is back."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class Breaker:
    """Closed, open, half open; safe between threads. Time comes from a monotonic clock."""

    def __init__(self, failures: int, seconds: float, now: Callable[[], float]) -> None:
        """Take how many failures open it, for how long, and the clock."""
        self._limit = failures
        self._seconds = seconds
        self._now = now
        self._failures = 0
        self._until = 0.0
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Tell whether the server is left alone at this moment."""
        return self._failures >= self._limit and self._now() < self._until

    def may_try(self) -> bool:
        """Tell whether the server may be asked; when its pause has run out the first asker is let through, the others wait for its answer."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._now() < self._until:
                return False
            self._until = self._now() + self._seconds
            return True

    def succeeded(self) -> None:
        """Close."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """Count a failure; open when there were enough."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._until = self._now() + self._seconds
