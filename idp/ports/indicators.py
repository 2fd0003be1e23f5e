"""Where the province's indicator is counted: progress through the audit log, pseudonyms of open months, figures of closed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record that names a person or business: where, what, and what is known of account and session."""

    seq: int
    at_us: int
    event: str
    outcome: str
    client_id: str
    account_id: str
    kind: str
    level: int
    acr: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A pseudonym seen at a system in a month; ``flags`` are joined with what was seen before."""

    month: str
    client_id: str
    mark: bytes
    kind: str
    flags: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month: its sealed key while it is open, when it was closed after that."""

    month: str
    sealed_key: bytes | None
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Distinct counts of one scope and kind."""

    scope: str
    code: str
    kind: str
    unit_code: str
    name: str
    used: int
    authenticated: int
    identified: int
    strong: int


class IndicatorStore(Protocol):
    """Every change is one transaction, so that a process killed in the middle counts nothing twice and loses nothing."""

    def progress(self) -> int:
        """Return up to which record was counted."""
        ...

    def read(self, after: int, until: int, limit: int) -> tuple[int, Sequence[Sighting]]:
        """Return the last number looked at and what names somebody, of up to ``limit`` records above ``after`` and up to ``until``."""
        ...

    def months(self) -> Mapping[str, Month]:
        """Return all months."""
        ...

    def advance(self, old: int, new: int, fresh: Sequence[Month], marks: Sequence[Mark]) -> bool:
        """Note progress with new months and marks; returns False, with nothing done, when progress is not ``old`` any more."""
        ...

    def clients(self, month: str) -> Sequence[str]:
        """Return the systems with marks in the month."""
        ...

    def count(self, month: str, clients: Sequence[str] | None) -> Mapping[str, tuple[int, int, int, int]]:
        """Return by kind the distinct people seen at any of the systems (None: anywhere): used, authenticated, identified, strong."""
        ...

    def close(self, month: str, rows: Sequence[FigureRow], closed_at: int) -> bool:
        """Keep the figures, throw away the marks and the key; returns False, with nothing done, for a month that is closed already."""
        ...

    def figures(self, month: str) -> Sequence[FigureRow]:
        """Return the figures of a closed month."""
        ...
