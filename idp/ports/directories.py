"""A department's directory, as the sign-in of officials, the nightly comparison and the command line need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from idp.model.directory import Check, Entry, Listing, ServerStanding, Verified


class Directory(Protocol):
    """One directory. Every method pauses the fiber while it waits, and is bounded in time and in how many run at once.

    Raises ``DirectoryUnavailable`` when no server answers as it should: that is never a wrong password.
    """

    @property
    def name(self) -> str:
        """Return the name by which settings, stored links and pages know it."""
        ...

    @property
    def servers_left_alone(self) -> int:
        """Return how many servers are left alone at the moment, after failures in a row."""
        ...

    def find(self, user_name: str) -> Entry | None:
        """Return the one entry of a prepared user name; None for none, and raises ``AmbiguousEntry`` for several."""
        ...

    def verify(self, entry: Entry | None, password: bytes) -> Verified:
        """Verify a password; for None the same work is done and fails. Raises ``ValueError`` for an empty password: it would bind as nobody."""
        ...

    def listing(self) -> Listing:
        """Return everybody with their groups, as far as rules name them."""
        ...

    def groups(self, entry: Entry) -> frozenset[str]:
        """Return the groups of an entry, through groups within groups, as normal names."""
        ...

    def examine(self) -> Iterator[Check]:
        """Yield the steps of a connection one by one with what is wrong and what to do about it; raises nothing."""
        ...

    def examined(self, seconds: float) -> list[Check]:
        """Return these steps, as far as they come within so many seconds; what is left out is said in a last one. Raises nothing."""
        ...

    def standings(self) -> tuple[ServerStanding, ...]:
        """Return the servers as this process knows them; asks nobody."""
        ...
