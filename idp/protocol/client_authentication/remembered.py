"""Basic credentials that were right a moment ago, so that the next request with the same one costs a digest and a look.

Nothing of a credential is kept but the SHA-256 of its header, as the store keeps that of the secret. What was proven holds for one version of the
client (``clients.known`` gives another object after any change) and no longer than the secret: one that was replaced, a suspension, another method
count at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clients import secrets
from clients.model import Client
from idp import handles
from idp.clock import Clock

_MOST: Final = 1024


class ProvenHeaders:
    """Headers by which clients authenticated; a full memory is emptied."""

    def __init__(self, find: Callable[[str], Client | None], clock: Clock) -> None:
        """Take what finds a client as this process knows it, and the clock."""
        self._find = find
        self._clock = clock
        self._known: dict[bytes, tuple[Client, int | None]] = {}

    def client(self, header: str) -> Client | None:
        """Return the client that this very header still proves, None where that has to be found out.

        Looked up by digest, so how long it takes says nothing about a secret.
        """
        known = self._known.get(handles.digest(header))
        if known is None:
            return None
        client, end = known
        is_current = self._find(client.client_id) is client
        return client if is_current and (end is None or self._clock.now() < end) else None

    def remember(self, header: str, client: Client, secret: str) -> None:
        """Keep a header whose ``secret`` has just been found right for an active client."""
        end = secrets.end_of(client.secrets, secret)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[handles.digest(header)] = client, end
