"""Which requests wait for a person: the newest few, so that nobody's page can be flooded. Knows keys, no secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from idp.clock import Clock
from idp.flows.decoupled import DecoupledRequests
from idp.model.decoupled import DecoupledRequest
from idp.ports.ephemeral import Counters, TransactionStore

SLOTS: Final = 8
"""Requests that one person sees; the ninth takes the place of the oldest."""
_WINDOW: Final = 86400


class Inbox:
    """A ring of slots a person; an atomic counter chooses the slot, so that parallel requests do not overwrite each other."""

    def __init__(
        self,
        store: TransactionStore,
        counters: Counters,
        requests: DecoupledRequests,
        clock: Clock,
        blind: Callable[[str, str], bytes],
    ) -> None:
        """Take the stores, the requests, the clock and a keyed digest (purpose, text)."""
        self._store = store
        self._counters = counters
        self._requests = requests
        self._clock = clock
        self._blind = blind

    def put(self, owner: str, request: DecoupledRequest) -> None:
        """Show a request to its owner. For somebody who does not exist the same work is done for a name that nobody has."""
        ring = self._ring(owner)
        turn = self._counters.add(ring, self._clock.now(), _WINDOW).count
        self._store.put(f"{ring}:{turn % SLOTS}", request.key.encode(), request.expires_at)

    def waiting(self, account_id: str) -> list[DecoupledRequest]:
        """Return what the person may still answer, newest first."""
        ring, now = self._ring(account_id), self._clock.now()
        keys = [self._store.get(f"{ring}:{slot}", now) for slot in range(SLOTS)]
        found = [self._requests.waiting(key.decode()) for key in keys if key is not None]
        mine = [request for request in found if request is not None and request.account_id == account_id]
        return sorted(mine, key=lambda request: request.created_at, reverse=True)

    def find(self, account_id: str, key: str) -> DecoupledRequest | None:
        """Return one request of the person; another person's is not found."""
        found = self._requests.waiting(key)
        return found if found is not None and found.account_id == account_id else None

    def _ring(self, owner: str) -> str:
        return f"inbox:{self._blind('inbox', owner).hex()[:32]}"
