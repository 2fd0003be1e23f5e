"""Where the places of tokens in status lists are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from idp.model.frozen import frozen


@frozen
class ListedToken:
    """An access token that a verifier can look up; ``grant_id`` is "" for a client's own. Moments are epoch seconds."""

    jti: str
    grant_id: str
    client_id: str
    issued_at: int
    expires_at: int


class StatusListStore(Protocol):
    """Status lists in SQL; a place is given once."""

    def allot(self, token: ListedToken, size: int, since: int) -> tuple[str, int]:
        """Give the token the next ticket of the newest list that has one left and was begun at or after ``since``, of a new list otherwise.

        Returns the list's id and the ticket, from 0 to ``size`` - 1.
        """
        ...

    def exists(self, list_id: str) -> bool:
        """Tell whether there is such a list."""
        ...

    def revoked(self, list_id: str, marks: Mapping[str, int]) -> list[int]:
        """Return the tickets of the tokens that count for nothing any more; ``marks`` are the clients' not-before moments."""
        ...

    def lists(self) -> list[str]:
        """Return the ids of all lists, oldest first."""
        ...
