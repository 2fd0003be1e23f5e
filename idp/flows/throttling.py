"""Counts failed sign-ins per code, per address and per pair, and asks the policy whether another try may be looked at.

The count goes up *before* the password is verified: fifty parallel guesses against a limit of five then verify five at most. One person has
one counter whatever spelling of the code is typed, because the key is a keyed digest of the normalised code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.clock import Clock
from idp.errors import Throttled
from idp.ports.ephemeral import Counters
from policies import throttle


@dataclass(frozen=True, slots=True)
class Attempt:
    """One counted try: the keys of its counters, in the order of ``policies.throttle.LANES``."""

    keys: tuple[str, str, str]


class SignInThrottle:
    """Applies ``policies.throttle`` to atomic counters."""

    def __init__(
        self,
        counters: Counters,
        clock: Clock,
        blind: Callable[[str, str], bytes],
        limits: throttle.Limits,
        *,
        enabled: bool,
        lane: str = "signin",
    ) -> None:
        """Take the counters, the clock, a keyed digest (purpose, text), the limits, and whether they apply at all.

        ``lane`` names what is guessed, so that one kind of guess does not count against another.
        """
        self._counters = counters
        self._clock = clock
        self._blind = blind
        self._limits = limits
        self._enabled = enabled
        self._lane = lane

    def begin(self, code: str, address: str) -> Attempt:
        """Count a try and let it pass, or raise ``Throttled`` with the seconds to wait. ``code`` is the normalised input."""
        person, place = (self._blind("code", code).hex()[:32], self._blind("address", address).hex()[:32])
        keys = (f"{self._lane}:c:{person}", f"{self._lane}:a:{place}", f"{self._lane}:p:{person}:{place}")
        if self._enabled:
            now = self._clock.now()
            before = self._counters.read(list(keys), now)
            _pass(throttle.may_try(self._limits, before, now))
            after = [self._counters.add(key, now, self._limits.window) for key in keys]
            _pass(throttle.may_evaluate(self._limits, before, after))
        return Attempt(keys)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget what a success clears: the person's counters, never the address's."""
        if self._enabled:
            lanes = dict(zip(throttle.LANES, attempt.keys, strict=True))
            self._counters.clear([lanes[name] for name in throttle.cleared_by_success()])


def _pass(verdict: throttle.Verdict) -> None:
    if not verdict.allowed:
        raise Throttled(f"too many tries: the {verdict.lane} lane is closed", retry_after=max(1, verdict.retry_after))
