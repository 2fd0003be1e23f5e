"""Where a commit is waited for: on the loop's own thread while the disk is fast, on another while it is not.

Another thread costs two switches and a fight for the interpreter, more than the flush of a fast disk itself; whereas a slow flush on the loop's
thread would keep everybody waiting who writes nothing. So commits are timed (decision 0180).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

_BRIEF: Final = 0.002
"""Seconds: a commit that usually takes no longer holds the loop up no more than the making of a page does."""
_SMOOTHING: Final = 16
"""One commit counts as much as this share of what was usual before it."""
_CAP: Final = 10 * _BRIEF
"""Seconds that a single commit counts at most, so that one hiccup of a fast disk does not make it a slow one."""
_WORST: Final = 2 * _BRIEF
"""However slow a disk was, a dozen brief commits make it a fast one again."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 64.0
"""Seconds until a slow disk is tried again: twice as long each time, until a trial was brief."""


class CommitPlace:
    """Decides for each commit, from how long those took that were waited for here."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Take a clock in seconds. The first commit is waited for here."""
        self._clock = clock
        self._usual = 0.0
        self._pause = _FIRST_PAUSE
        self._again = 0.0

    def is_here(self) -> bool:
        """Tell whether the next commit is to be waited for here."""
        return self._usual <= _BRIEF or self._clock() >= self._again

    def wait_here(self, commit: Callable[[], None]) -> None:
        """Commit; raises what it raises."""
        began = self._clock()
        try:
            commit()
        finally:
            self._took(self._clock() - began)

    def _took(self, seconds: float) -> None:
        is_brief = seconds <= _BRIEF
        self._usual = min(self._usual + (min(seconds, _CAP) - self._usual) / _SMOOTHING, _WORST)
        if is_brief:
            self._pause = _FIRST_PAUSE
        self._again = self._clock() + self._pause
        if not is_brief:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
