"""When an account of staff that nobody uses is closed, and when somebody is told beforehand (TCVN 14423:2026 section 5, level 3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_DAY: Final = 86400


class Step(StrEnum):
    """What is due now."""

    NOTHING = "nothing"
    WARN = "warn"
    END = "end"


@dataclass(frozen=True, slots=True)
class Term:
    """Days after which something ends (0: never), and how many of them before the end it is told."""

    days: int
    notice: int

    @property
    def is_on(self) -> bool:
        """Tell whether anything ends at all."""
        return self.days > 0


def step(since: int, warned_at: int, term: Term, now: int) -> Step:
    """Return what is due for something that counts from ``since``; ``warned_at`` is 0 for never. Moments are epoch seconds.

    A warning before ``since`` was about something else. Nobody ends unwarned, nor sooner after the warning than it said: a
    deployment that turns the rule on, or was off for a month, closes nobody's account overnight.
    """
    if not term.is_on or now < since + (term.days - term.notice) * _DAY:
        return Step.NOTHING
    if warned_at < since or not warned_at:
        return Step.WARN
    return Step.END if now >= ends_at(since, warned_at, term) else Step.NOTHING


def ends_at(since: int, warned_at: int, term: Term) -> int:
    """Return the moment at which what was warned of comes."""
    return max(since + term.days * _DAY, warned_at + term.notice * _DAY)
