"""Figures of data protection over a period; they count acts and name nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ActCount:
    """How many acts of a kind concerned a system ("" for none) in a period."""

    event: str
    outcome: str
    reason: str
    client_id: str
    count: int


@dataclass(frozen=True, slots=True)
class RequestCount:
    """How many requests of a kind came in within a period: open, open and overdue, decided in time, decided late, taken back."""

    kind: str
    client_id: str
    open: int
    overdue: int
    kept: int
    missed: int
    cancelled: int


class ProtectionFigures(Protocol):
    """Counts in SQL; moments are epoch seconds, from ``since`` until before ``until``."""

    def acts(self, since: int, until: int, events: tuple[str, ...]) -> list[ActCount]:
        """Return the numbers of acts by event, outcome, reason and system; reasons that somebody typed are left out."""
        ...

    def requests(self, since: int, until: int, now: int) -> list[RequestCount]:
        """Return the numbers of requests by kind and system."""
        ...
