"""Movers and leavers: a directory as it is now beside the people whom we know from it, and the brake.

A directory that answers in part, or that somebody pointed at the wrong branch, looks exactly like one from which everybody has left. So a
comparison ends nobody unless the answer was whole, and not even then more people at once than an operator said may go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a directory says of an entry."""

    ACTIVE = "active"
    DISABLED = "disabled"
    EXPIRED = "expired"
    LOCKED = "locked"
    MUST_CHANGE = "must_change"


LEFT = frozenset({Standing.DISABLED, Standing.EXPIRED})
"""Standings in which nobody works here: somebody locked out for ten minutes, or asked for a new password, has not left."""


@dataclass(frozen=True, slots=True)
class Brake:
    """At most ``percent`` of those whom we know may go at once; ``spare`` may always, or a small office could lose nobody."""

    percent: int = 10
    spare: int = 3

    def allows(self, going: int, known: int) -> bool:
        """Tell whether so many of so many may go without an operator's word."""
        return going <= max(self.spare, known * self.percent // 100)


class Verdict(StrEnum):
    """What may be done after a comparison."""

    GO = "go"
    PARTIAL = "partial_answer"
    BRAKE = "brake"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``gone`` maps links to why (``gone`` or a standing of ``LEFT``); ``staying`` are the links whose roles are looked at; ``back`` were ended."""

    gone: Mapping[str, str]
    staying: tuple[str, ...]
    back: tuple[str, ...]
    known: int


def compare(known: Mapping[str, bool], found: Mapping[str, Standing]) -> Comparison:
    """Compare links that we know (True while they are live) with the standings that the directory lists."""
    live = [link for link, is_live in known.items() if is_live]
    gone = {link: found[link].value if link in found else "gone" for link in live if found.get(link) in {None, *LEFT}}
    staying = tuple(link for link in live if link not in gone)
    back = tuple(link for link, is_live in known.items() if not is_live and found.get(link) not in {None, *LEFT})
    return Comparison(gone, staying, back, len(live))


def verdict(
    comparison: Comparison, *, is_whole: bool, brake: Brake, losing: int = 0, is_forced: bool = False
) -> Verdict:
    """Tell whether the comparison may be carried out.

    ``losing`` stay but lose a role: a group that was renamed looks like one that everybody has left. ``is_forced`` is an operator's word,
    which overrides the brake and never a partial answer.
    """
    if not is_whole:
        return Verdict.PARTIAL
    if not is_forced and not brake.allows(len(comparison.gone) + losing, comparison.known):
        return Verdict.BRAKE
    return Verdict.GO
