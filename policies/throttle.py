"""Throttling of sign-ins: how long to wait after how many tries, counted per code, per address and per pair of both.

Growing delays instead of a lock: citizen numbers can be guessed, so a lock after five tries would let anyone shut
anyone out. TCVN 14423 asks for a lock at five tries and permits an equivalent measure with reasons; NIST SP 800-63B
section 5.2.2 permits growing delays. Two things keep a person from being shut out for good: no wait exceeds its cap,
and a refused try is not counted, so hammering does not prolong it; and a device on which this person signed in before
is judged by its own pair only, whatever happens to the code elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

LANES: Final = ("code", "address", "pair")
"""The order in which counts are given to every function here."""

_MAX_DOUBLINGS: Final = 32


class Tally(Protocol):
    """The state of a counter: how many tries, and when the last one was (epoch seconds)."""

    @property
    def count(self) -> int:
        """Return the number of tries counted."""
        ...

    @property
    def last_at(self) -> int:
        """Return the time of the last one."""
        ...


@dataclass(frozen=True, slots=True)
class Lane:
    """One schedule: ``free`` tries without delay, then ``first_delay`` seconds, doubling up to ``longest_delay``."""

    free: int
    first_delay: int
    longest_delay: int

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a schedule that never opens or never closes."""
        if self.free < 1 or not 1 <= self.first_delay <= self.longest_delay:
            message = "a lane needs at least one free try and 1 <= first_delay <= longest_delay"
            raise ValueError(message)

    def delay(self, count: int) -> int:
        """Return the seconds that have to pass after ``count`` tries before another is looked at."""
        if count < self.free:
            return 0
        return min(self.longest_delay, self.first_delay << min(count - self.free, _MAX_DOUBLINGS))


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers, all in tries and seconds; an operator may change each.

    ``pair``: five free tries as TCVN 14423 (level 3) counts them. ``code``: all addresses together, so that a botnet
    cannot try a password list. ``address``: wide, because a commune's one-stop office or a mobile carrier is many
    citizens behind one address. A counter is forgotten ``window`` seconds after its last try.
    """

    pair: Lane = field(default=Lane(free=5, first_delay=30, longest_delay=900))
    code: Lane = field(default=Lane(free=20, first_delay=30, longest_delay=900))
    address: Lane = field(default=Lane(free=100, first_delay=5, longest_delay=300))
    window: int = 3600

    def __post_init__(self) -> None:
        """Raise ``ValueError`` when a counter would be forgotten before its delay is over.

        Waiting would then be optional.
        """
        if self.window <= max(lane.longest_delay for lane in (self.code, self.address, self.pair)):
            message = "window must be longer than every longest_delay"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the try may be looked at.

    If not, ``retry_after`` seconds to wait (at least 1) and the ``lane`` that says so.
    """

    allowed: bool
    retry_after: int = 0
    lane: str = ""


_ALLOWED: Final = Verdict(allowed=True)


def may_try(limits: Limits, before: Sequence[Tally | None], now: int, *, known_device: bool = False) -> Verdict:
    """Judge a try by the counters as read, before anything is counted; on refusal nothing must be counted.

    ``before`` has the order of ``LANES``, None for a counter that does not exist. ``known_device`` says that the
    browser proved that this person signed in on it before; the caller then keys the pair by the device, and that lane
    alone decides.
    """
    verdict = _ALLOWED
    for name, tally in zip(LANES, before, strict=True):
        if tally is None or not _counts(name, known_device=known_device):
            continue
        wait = tally.last_at + _lane(limits, name).delay(tally.count) - now
        # A clock that was set back must not turn into a wait longer than any the schedule knows.
        wait = min(wait, _lane(limits, name).longest_delay)
        if wait > verdict.retry_after:
            verdict = Verdict(allowed=False, retry_after=wait, lane=name)
    return verdict


def may_evaluate(
    limits: Limits, before: Sequence[Tally | None], after: Sequence[Tally], *, known_device: bool = False
) -> Verdict:
    """Judge a try after it was counted atomically.

    Of many that saw the same counters, only as many pass as the schedule has room for. ``after`` is what each atomic
    addition returned, in the order of ``LANES``. Within the free tries the count itself is the ticket: fifty parallel
    guesses against five free tries get the counts 1 to 50, and five of them pass. Beyond, a delay that has run out lets
    one try through: the one that moved the count by exactly one.
    """
    for name, old, new in zip(LANES, before, after, strict=True):
        if not _counts(name, known_device=known_device):
            continue
        lane = _lane(limits, name)
        seen = old.count if old is not None else 0
        if new.count > lane.free and new.count != seen + 1:
            return Verdict(allowed=False, retry_after=lane.delay(new.count), lane=name)
    return _ALLOWED


def cleared_by_success() -> tuple[str, ...]:
    """Return the lanes whose counter a success clears.

    The address is not among them, or one good account would buy endless tries at others.
    """
    return ("code", "pair")


def _counts(name: str, *, known_device: bool) -> bool:
    return name == "pair" or not known_device


def _lane(limits: Limits, name: str) -> Lane:
    return {"code": limits.code, "address": limits.address, "pair": limits.pair}[name]
