"""A breaker for each upstream of one process: after some outages in a row it is left alone for a while, and people are told at once.

An open breaker only takes a way away. It never lets anything through, so a sign-in by another way counts as what that way is worth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from idp.clock import Clock

LIMIT: Final = 3
PAUSE: Final = 30
"""Seconds until the next person may try; if that fails too, the pause begins anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An upstream as one process has found it: outages in a row, until when it is left alone, and the moments of the last outage and answer."""

    failures: int = 0
    open_until: int = 0
    failed_at: int | None = None
    answered_at: int | None = None
    why: str = ""


class Breakers:
    """The state of all upstreams."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; all are closed."""
        self._clock = clock
        self._states: dict[str, Standing] = {}

    def is_open(self, name: str) -> bool:
        """Tell whether an upstream is left alone at the moment."""
        state = self._states.get(name)
        return state is not None and self._clock.now() < state.open_until

    def standing(self, name: str) -> Standing:
        """Return how an upstream was found."""
        return self._states.get(name, Standing())

    def failed(self, name: str, why: str = "") -> None:
        """Count an outage."""
        state, now = self.standing(name), self._clock.now()
        failures = state.failures + 1
        until = now + PAUSE if failures >= LIMIT else state.open_until
        self._states[name] = replace(state, failures=failures, open_until=until, failed_at=now, why=why)

    def succeeded(self, name: str) -> None:
        """Note an answer, also one that was refused: the upstream is there."""
        self._states[name] = replace(self.standing(name), failures=0, open_until=0, answered_at=self._clock.now())
