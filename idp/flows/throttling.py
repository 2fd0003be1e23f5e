"""Counts guesses per person, per address, per network and per pair, and asks the policy whether another may be looked at.

The count goes up *before* the password is verified: fifty parallel guesses against a limit of five then verify five at most. One person has
one set of counters whatever alias is typed, because the key is a keyed digest of the account behind it, or of the code's own canonical form
where there is none. A device that the person is known on has a counter of its own, which no stranger can fill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from idp.clock import Clock
from idp.errors import Throttled
from idp.ports.ephemeral import Count, Counters
from policies import throttle
from policies.places import place


@dataclass(frozen=True, slots=True)
class Attempt:
    """One counted try: its lanes and their keys in order; ``tries`` is how many the person's counter has seen with this one."""

    lanes: tuple[str, ...]
    keys: tuple[str, ...]
    tries: int = 1

    @property
    def is_from_known_device(self) -> bool:
        """Tell whether it came from a device that the person is known on."""
        return self.lanes == throttle.KNOWN_DEVICE_LANES


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

    @property
    def limits(self) -> throttle.Limits:
        """Return the limits that apply."""
        return self._limits

    def begin(self, key: str, address: str, device: str = "") -> Attempt:
        """Count a try and let it pass, or raise ``Throttled`` with the seconds to wait.

        ``key`` names whom the guess is at; ``device`` is the id of the device if this person is known on it, and only then.
        """
        lanes = throttle.lanes_of(known_device=bool(device))
        keys = self._keys(key, address, device)
        if not self._enabled:
            return Attempt(lanes, keys)
        now = self._clock.now()
        before = self._counters.read(list(keys), now)
        _pass(throttle.may_try(self._limits, lanes, before, now))
        after = [self._counters.add(one, now, self._limits.window) for one in keys]
        _pass(throttle.may_evaluate(self._limits, lanes, before, after))
        return Attempt(lanes, keys, _tries(lanes, after))

    def succeeded(self, attempt: Attempt) -> None:
        """Forget what a success clears: the person's counters, and of the places this one try."""
        if self._enabled:
            keys = dict(zip(attempt.lanes, attempt.keys, strict=True))
            self._counters.clear([keys[name] for name in throttle.cleared_by_success(attempt.lanes)])
            self._give_back([keys[name] for name in throttle.given_back_by_success(attempt.lanes)])

    def undone(self, attempt: Attempt) -> None:
        """Give a try back that was counted and then not looked at, because the machine was busy."""
        if self._enabled:
            self._give_back(list(attempt.keys))

    def forget(self, key: str) -> None:
        """Forget a person's counter of tries from everywhere, as when an operator unlocks; pairs go on by themselves."""
        self._counters.clear([f"{self._lane}:c:{self._digest('code', key)}"])

    def _give_back(self, keys: list[str]) -> None:
        now = self._clock.now()
        for key in keys:
            self._counters.add(key, now, self._limits.window, -1)

    def _keys(self, key: str, address: str, device: str) -> tuple[str, ...]:
        person = self._digest("code", key)
        if device:
            return (f"{self._lane}:d:{person}:{self._digest('device', device)}",)
        where = place(address)
        host, network = self._digest("address", where.address), self._digest("network", where.network)
        return (
            f"{self._lane}:c:{person}",
            f"{self._lane}:a:{host}",
            f"{self._lane}:n:{network}",
            f"{self._lane}:p:{person}:{host}",
        )

    def _digest(self, purpose: str, text: str) -> str:
        return self._blind(purpose, text).hex()[:32]


class FactorThrottle:
    """Counts the tries at what stands behind the password: one-time codes, and the password of who is signed in already."""

    def __init__(self, counted: SignInThrottle, is_sure: Callable[[str, str | None], bool]) -> None:
        """Take the counters; ``is_sure`` tells whether an account was used with two factors in the browser with this cookie.

        A browser that is merely known does not do: who has guessed the password would make himself one for every few tries.
        """
        self._throttle = counted
        self._is_sure = is_sure

    def begin(self, account_id: str, address: str, device: str | None) -> Attempt:
        """Count a try, or raise ``Throttled``; ``device`` is the browser's cookie."""
        own = device if device and self._is_sure(account_id, device) else ""
        return self._throttle.begin(f"otp:{account_id}", address, own)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget what a success clears."""
        self._throttle.succeeded(attempt)

    def undone(self, attempt: Attempt) -> None:
        """Give a try back that was not looked at."""
        self._throttle.undone(attempt)


def _tries(lanes: tuple[str, ...], after: list[Count]) -> int:
    return dict(zip(lanes, (one.count for one in after), strict=True)).get("person", 1)


def _pass(verdict: throttle.Verdict) -> None:
    if not verdict.allowed:
        raise Throttled(f"too many tries: the {verdict.lane} lane is closed", retry_after=max(1, verdict.retry_after))
