"""What is known of the use of staff's accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Usage:
    """An account of staff: when it was used or opened last, and when its person was warned of what (epoch seconds, 0 for never)."""

    account_id: str
    kind: str
    used_at: int
    unused_warned_at: int
    password_warned_at: int


@dataclass(frozen=True, slots=True)
class Dormant:
    """An account whose person was warned, or that was locked for it: the use that counts, and since when it is locked (0: it is not)."""

    usage: Usage
    locked_at: int


class StaffWatchStore(Protocol):
    """Uses and warnings in SQL. The first look at a dormant account is kept, as sessions and browsers are forgotten."""

    def officials(self, after: str, limit: int) -> list[Usage]:
        """Return active accounts that a directory vouches for, by id from ``after`` on."""
        ...

    def of(self, account_id: str) -> Usage | None:
        """Return an active account, whatever its kind."""
        ...

    def dormant(self, after: str, limit: int) -> list[Dormant]:
        """Return accounts that were warned of disuse and are active, or are locked for it, by id from ``after`` on."""
        ...

    def note(self, usage: Usage) -> None:
        """Keep when a dormant account was used last."""
        ...

    def warn_unused(self, usage: Usage, now: int) -> bool:
        """Write down that its person is warned now; of many callers one gets True."""
        ...

    def warn_password(self, usage: Usage, now: int) -> bool:
        """Write down that its person is warned of an old password now; of many callers one gets True."""
        ...
