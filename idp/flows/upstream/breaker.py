"""A breaker for each upstream of one process: after some outages in a row it is left alone for a while, and people are told at once.

An open breaker only takes a way away. It never lets anything through, so a sign-in by another way counts as what that way is worth.

What we ask by ourselves (what the upstream publishes) says something about the upstream. What we ask with a code that a browser brought may fail for
the code's sake: whoever makes one up at which the upstream breaks must not close the way for everybody. So such outages count once for a network,
and only together with those of other networks; an answer that nobody had to ask the upstream for counts for nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from idp.clock import Clock
from policies.places import place

LIMIT: Final = 3
PAUSE: Final = 30
"""Seconds until the next person may try; if that fails too, the pause begins anew."""
WITNESSED: Final = 300
"""Seconds for which it counts that something that a browser brought met an outage."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An upstream as one process has found it: outages in a row, until when it is left alone, and the moments of the last outage and answer."""

    failures: int = 0
    open_until: int = 0
    failed_at: int | None = None
    answered_at: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Outages:
    """What counts: how often what we asked by ourselves failed, and the networks from which something came that met an outage, with the moment."""

    asked: int = 0
    witnesses: Mapping[str, int] = field(default_factory=dict)


class Breakers:
    """The state of all upstreams."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; all are closed."""
        self._clock = clock
        self._states: dict[str, Standing] = {}
        self._outages: dict[str, _Outages] = {}

    def is_open(self, name: str) -> bool:
        """Tell whether an upstream is left alone at the moment."""
        state = self._states.get(name)
        return state is not None and self._clock.now() < state.open_until

    def standing(self, name: str) -> Standing:
        """Return how an upstream was found."""
        return self._states.get(name, Standing())

    def failed(self, name: str, why: str = "", *, brought_from: str | None = None) -> None:
        """Count an outage; ``brought_from`` is the address of whoever brought what it was asked with, None for a question of our own."""
        state, now = self.standing(name), self._clock.now()
        found = self._outages[name] = self._counted(name, state, now, brought_from)
        failures = found.asked + len(found.witnesses)
        until = now + PAUSE if failures >= LIMIT else 0
        self._states[name] = replace(state, failures=failures, open_until=until, failed_at=now, why=why)

    def succeeded(self, name: str) -> None:
        """Note an answer, also one that was refused: the upstream is there."""
        self._outages.pop(name, None)
        self._states[name] = replace(self.standing(name), failures=0, open_until=0, answered_at=self._clock.now())

    def _counted(self, name: str, state: Standing, now: int, brought_from: str | None) -> _Outages:
        known = self._outages.get(name, _Outages())
        if brought_from is None:
            return replace(known, asked=known.asked + 1)
        # After a pause it takes as many networks again: one alone would hold the way closed for ever.
        kept = {} if state.open_until else known.witnesses
        recent = {one: at for one, at in kept.items() if now - at < WITNESSED}
        return replace(known, witnesses={**recent, place(brought_from).network: now})
