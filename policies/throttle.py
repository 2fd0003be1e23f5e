"""Throttling of guesses: how long to wait after how many tries, counted per person, address, network and pair.

Growing delays instead of a lock: citizen numbers can be guessed, so a lock after five tries would let anyone shut
anyone out. TCVN 14423 asks for a lock at five tries and permits an equivalent measure with reasons; NIST SP 800-63B
section 5.2.2 permits growing delays. Two things keep a person from being shut out for good: no wait exceeds its cap,
and a refused try is not counted, so hammering does not prolong it; and a device on which this person signed in before
is judged by its own counter only, whatever happens to the person's elsewhere. Staff, who are few, known and can be
helped at once, get the lock instead (``is_for_lock``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

LANES: Final = ("person", "address", "network", "pair")
"""The counters of a try from a device that nobody knows; counts are given to every function here in this order."""

KNOWN_DEVICE_LANES: Final = ("device",)
"""The one counter of a try from a device on which this person signed in before."""

_MAX_DOUBLINGS: Final = 32
_CLEARED: Final = frozenset({"person", "pair", "device"})
_GIVEN_BACK: Final = frozenset({"address", "network"})


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
    """The numbers, all in tries and seconds; an operator may change those of places and of staff.

    ``pair``: five free tries as TCVN 14423 (level 3) counts them. ``person``: all places together, so that a botnet
    cannot try a password list. ``address`` and ``network``: wide, because a commune's one-stop office or a mobile
    carrier is many citizens behind one address; they hold failures only, as a success gives its count back.
    ``device``: as a pair. A counter is forgotten ``window`` seconds after its last try. ``staff_tries``: wrong ones
    after which the sign-in of staff is locked.
    """

    pair: Lane = field(default=Lane(free=5, first_delay=30, longest_delay=900))
    person: Lane = field(default=Lane(free=20, first_delay=30, longest_delay=900))
    address: Lane = field(default=Lane(free=100, first_delay=5, longest_delay=300))
    network: Lane = field(default=Lane(free=1000, first_delay=2, longest_delay=60))
    device: Lane = field(default=Lane(free=5, first_delay=30, longest_delay=900))
    window: int = 3600
    staff_tries: int = 5

    def __post_init__(self) -> None:
        """Raise ``ValueError`` when a counter would be forgotten before its delay is over.

        Waiting would then be optional.
        """
        if self.window <= max(self.lane(name).longest_delay for name in (*LANES, *KNOWN_DEVICE_LANES)):
            message = "window must be longer than every longest_delay"
            raise ValueError(message)
        if self.staff_tries < 1:
            message = "staff_tries must be at least 1"
            raise ValueError(message)

    def lane(self, name: str) -> Lane:
        """Return a lane by name."""
        return {
            "person": self.person,
            "address": self.address,
            "network": self.network,
            "pair": self.pair,
            "device": self.device,
        }[name]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the try may be looked at.

    If not, ``retry_after`` seconds to wait (at least 1) and the ``lane`` that says so.
    """

    allowed: bool
    retry_after: int = 0
    lane: str = ""


_ALLOWED: Final = Verdict(allowed=True)


def lanes_of(*, known_device: bool) -> tuple[str, ...]:
    """Return the counters that a try is counted on and judged by.

    ``known_device`` says that the browser proved that this person signed in on it before.
    """
    return KNOWN_DEVICE_LANES if known_device else LANES


def may_try(limits: Limits, lanes: Sequence[str], before: Sequence[Tally | None], now: int) -> Verdict:
    """Judge a try by the counters as read, before anything is counted; on refusal nothing must be counted.

    ``before`` has the order of ``lanes``, None for a counter that does not exist.
    """
    verdict = _ALLOWED
    for name, tally in zip(lanes, before, strict=True):
        if tally is None:
            continue
        lane = limits.lane(name)
        # A clock that was set back must not turn into a wait longer than any the schedule knows.
        wait = min(tally.last_at + lane.delay(tally.count) - now, lane.longest_delay)
        if wait > verdict.retry_after:
            verdict = Verdict(allowed=False, retry_after=wait, lane=name)
    return verdict


def may_evaluate(
    limits: Limits, lanes: Sequence[str], before: Sequence[Tally | None], after: Sequence[Tally]
) -> Verdict:
    """Judge a try after it was counted atomically.

    Of many that saw the same counters, only as many pass as the schedule has room for. ``after`` is what each atomic
    addition returned, in the order of ``lanes``. Within the free tries the count itself is the ticket: fifty parallel
    guesses against five free tries get the counts 1 to 50, and five of them pass. Beyond, a delay that has run out lets
    one try through: the one that moved the count by exactly one.
    """
    for name, old, new in zip(lanes, before, after, strict=True):
        lane = limits.lane(name)
        seen = old.count if old is not None else 0
        if new.count > lane.free and new.count != seen + 1:
            return Verdict(allowed=False, retry_after=lane.delay(new.count), lane=name)
    return _ALLOWED


def cleared_by_success(lanes: Sequence[str]) -> tuple[str, ...]:
    """Return the lanes whose counter a success clears.

    The places are not among them, or one good account would buy endless tries at others. A known device clears its own
    counter only: whoever guesses elsewhere meanwhile gets no fresh tries for it.
    """
    return tuple(name for name in lanes if name in _CLEARED)


def given_back_by_success(lanes: Sequence[str]) -> tuple[str, ...]:
    """Return the lanes that forget this one try when it succeeds: a busy office is not an attacker."""
    return tuple(name for name in lanes if name in _GIVEN_BACK)


def is_for_lock(limits: Limits, tries: int) -> bool:
    """Tell whether the sign-in of a member of staff is locked after this many tries, all wrong."""
    return tries >= limits.staff_tries


def has_ticket(limits: Limits, tries: int) -> bool:
    """Tell whether a try at a member of staff is looked at at all.

    ``tries`` is what the atomic addition returned: of fifty at once five have a ticket.
    """
    return tries <= limits.staff_tries
