"""What each change of a client changed; written by the store of clients in the transaction of the change."""

from __future__ import annotations

from typing import Protocol

from clients.differences import ClientChange


class ClientHistory(Protocol):
    """Reads; a removed client keeps its history."""

    def changes(self, client_id: str, before: int | None, limit: int) -> list[ClientChange]:
        """Return the changes of a client, newest first: at most ``limit``, older than the version ``before`` (None for the newest)."""
        ...
