"""State that may be lost and then fails closed: pending transactions, single-use marks, counters.

Every call raises ``StorageUnavailable`` when the store is out of reach; nobody may read that as "absent" or "first use".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class TransactionStore(Protocol):
    """Documents with an end of life, addressed by our ids."""

    def put(self, key: str, document: bytes, expires_at: int) -> None:
        """Store or replace a document until ``expires_at``."""
        ...

    def get(self, key: str, now: int) -> bytes | None:
        """Return the live document or None."""
        ...

    def replace(self, key: str, old: bytes, new: bytes, expires_at: int) -> bool:
        """Put ``new`` only if the stored document still is ``old`` (compare and swap); tell whether it did."""
        ...

    def claim(self, key: str, now: int) -> bytes | None:
        """Remove and return the live document: of many callers one gets it, the others None."""
        ...


class Use(Enum):
    """What a store of marks knows of a use. ``FORGOTTEN``: it may have been the second one, the store has lost its memory since."""

    FIRST = "first"
    AGAIN = "again"
    FORGOTTEN = "forgotten"


class SingleUse(Protocol):
    """Marks of what may be used once."""

    def claim(self, key: str, now: int, expires_at: int) -> bool:
        """Return True to the first caller for ``key`` until ``expires_at``, False to every other."""
        ...

    def claim_issued(self, key: str, now: int, issued_at: int, expires_at: int) -> Use:
        """Claim the mark of something that somebody else made at ``issued_at``: FIRST to one caller, AGAIN to every other.

        FORGOTTEN, and no mark, when it was made before the store's memory begins.
        """
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """The state of a counter after a call: how often, first and last time in epoch seconds."""

    count: int
    first_at: int
    last_at: int


class Counters(Protocol):
    """Atomic counters, each with a window that restarts when it has run out."""

    def add(self, key: str, now: int, window: int, amount: int = 1) -> Count:
        """Add and return the new state in one atomic step; the counter ends ``window`` seconds after its last addition."""
        ...

    def read(self, keys: list[str], now: int) -> list[Count | None]:
        """Return the live counters in the order of ``keys``."""
        ...

    def clear(self, keys: list[str]) -> None:
        """Forget counters."""
        ...
