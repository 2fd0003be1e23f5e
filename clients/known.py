"""The clients as one process knows them: all of them as frozen objects, of which only those are read that have changed since.

Hot statements return the registry's version in their own round trip; ``observe`` reloads when it is newer, so a
suspension counts at once everywhere. ``refresh_if_older_than`` is for answers that touch no database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Lock
from types import MappingProxyType

from clients.errors import ClientNotFound
from clients.model import EXPIRED, Client
from clients.repository import ClientRepository


class KnownClients:
    """Reads are one dictionary look-up.

    Threads may share one: a reload swaps in a new mapping, and readers never wait for it.
    """

    def __init__(
        self,
        repository: ClientRepository,
        now: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """Take the store, the clock in epoch seconds, a monotonic clock for ages, and a lock that may be held over reads."""
        self._repository = repository
        self._now = now
        self._monotonic = monotonic
        self._lock = lock or Lock()
        self._version = -1
        self._loaded_at = 0.0
        self._clients: Mapping[str, Client] = MappingProxyType({})

    def find(self, client_id: str) -> Client | None:
        """Return the client as this process knows it, whatever its state: the caller asks ``is_active``."""
        if self._version < 0:
            self.observe(0)
        client = self._clients.get(client_id)
        if client is not None and client.expires_at is not None and client.expires_at <= self._now():
            return replace(client, state=EXPIRED) if client.is_active else client
        return client

    def sought(self, client_id: str) -> Client | None:
        """Return the client as ``find`` does; where this process knows none, another may have just added it, so look once more."""
        client = self.find(client_id)
        if client is None:
            self.refresh()
            client = self.find(client_id)
        return client

    def all(self) -> tuple[Client, ...]:
        """Return every client that is not removed, by id."""
        self._load()
        clients = self._clients
        return tuple(clients[name] for name in sorted(clients) if clients[name].state != "removed")

    def snapshot(self) -> Mapping[str, Client]:
        """Return all clients as this process knows them: the same object until something changes."""
        return self._clients

    def observe(self, version: int) -> None:
        """Reload what changed if ``version``, which rode along with a statement, is newer than ours."""
        if version > self._version:
            with self._lock:
                # Whoever waited here while another thread reloaded has nothing left to do.
                if version > self._version:
                    self._reload()

    def refresh(self) -> None:
        """Ask for the version now; callers that meet here share the first look that began after they came."""
        came_at = self._monotonic()
        with self._lock:
            if self._version < 0 or self._loaded_at <= came_at:
                self._reload()

    def refresh_if_older_than(self, seconds: float) -> None:
        """Ask for the version if the last look is older than ``seconds``."""
        if self._is_older_than(seconds):
            with self._lock:
                if self._is_older_than(seconds):
                    self._reload()

    def known(self, client_id: str) -> Client:
        """Return a client that is not removed, as stored now; raises ``ClientNotFound``."""
        self._load()
        client = self._clients.get(client_id)
        if client is None or client.state == "removed":
            raise ClientNotFound(f"no client {client_id!r}")
        return client

    def _is_older_than(self, seconds: float) -> bool:
        return self._version < 0 or self._monotonic() - self._loaded_at >= seconds

    def _load(self) -> None:
        with self._lock:
            self._reload()

    def _reload(self) -> None:
        """Read what is new; the lock is held."""
        asked_at = self._monotonic()
        version = self._repository.version()
        if version > self._version:
            changed = self._repository.changed_since(max(self._version, 0))
            self._clients = MappingProxyType({**self._clients, **{one.client_id: one for one in changed}})
            self._version = max([version, *(one.version for one in changed)])
        self._loaded_at = asked_at
