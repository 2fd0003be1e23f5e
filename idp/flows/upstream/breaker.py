"""A breaker for each upstream of one process: after some outages in a row it is left alone for a while, and people are told at once.

An open breaker only takes a way away. It never lets anything through, so a sign-in by another way counts as what that way is worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.clock import Clock

LIMIT: Final = 3
PAUSE: Final = 30
"""Seconds until the next person may try; if that fails too, the pause begins anew."""


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_until: int = 0


class Breakers:
    """The state of all upstreams."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; all are closed."""
        self._clock = clock
        self._states: dict[str, _State] = {}

    def is_open(self, name: str) -> bool:
        """Tell whether an upstream is left alone at the moment."""
        state = self._states.get(name)
        return state is not None and self._clock.now() < state.open_until

    def failed(self, name: str) -> None:
        """Count an outage."""
        state = self._states.setdefault(name, _State())
        state.failures += 1
        if state.failures >= LIMIT:
            state.open_until = self._clock.now() + PAUSE

    def succeeded(self, name: str) -> None:
        """Note an answer, also one that was refused: the upstream is there."""
        self._states.pop(name, None)
