"""What a factor is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from policies import assurance


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One thing that a person has enrolled.

    ``item`` tells it from others of the same factor, ``name`` is what the person calls it; ``left`` is how often it can still be
    used, None for as often as one likes; ``until`` is when it ends by itself (epoch seconds), None for never.
    """

    factor: str
    item: str
    created_at: int
    last_used_at: int | None = None
    name: str = ""
    left: int | None = None
    until: int | None = None


class Factor(Protocol):
    """One factor of people.

    ``rules`` are its rows of the table of levels: the first carries the name under which it is enrolled, others are varieties of it
    that only its use shows.
    """

    @property
    def rules(self) -> tuple[assurance.Factor, ...]:
        """Return its rows of the table of levels."""
        ...

    def enrolled(self, account_id: str) -> tuple[Enrolled, ...]:
        """Return what the person has enrolled, oldest first."""
        ...

    def prove(self, account_id: str, answer: str, bound_to: str) -> str:
        """Judge what the person of ``account_id`` answered, use it up, and return the name of the rule that was proved.

        ``bound_to`` names the browser's transaction: an answer to another one's question is none. Raises ``Refused`` with the reason
        as its code for whatever does not prove it, and ``Busy``; of many callers with one answer that counts once, one succeeds.
        """
        ...
