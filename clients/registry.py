"""The registry: every process holds all clients as frozen objects and reads only what has changed since.

Hot statements return the registry's version in their own round trip; ``observe`` reloads when it is newer, so a suspension counts at once
everywhere. ``refresh_if_older_than`` is for answers that touch no database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any, Protocol

from clients import metadata, secrets
from clients.errors import ClientConflict, ClientNotFound, MetadataError, RegistrationRefused
from clients.model import Client, Secret

DEFAULT_OVERLAP = 7 * 86400


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """What happened to a client, for the audit row in the same transaction. ``action`` is ``add``, ``update``, ``rotate-secret`` …"""

    action: str
    client_id: str
    fields: tuple[str, ...] = ()
    actor: str = "operator:local"
    note: str = ""


class ClientRepository(Protocol):
    """Where clients are kept. Every change raises the registry's version by one and stamps the client with it."""

    def version(self) -> int:
        """Return the version of the last change, 0 when there was none."""
        ...

    def changed_since(self, version: int) -> list[Client]:
        """Return the clients that changed after ``version``, in order of their change."""
        ...

    def add(self, client: Client, event: ClientEvent) -> Client:
        """Insert with the audit row and return the stamped client; raises ``ClientConflict`` for a taken id."""
        ...

    def replace(self, client: Client, event: ClientEvent) -> Client:
        """Replace if the stored version still is ``client.version``, with the audit row; raises ``ClientConflict``."""
        ...


class ClientRegistry:
    """Reads are one dictionary look-up; changes go through the repository first."""

    def __init__(
        self, repository: ClientRepository, now: Callable[[], int], new_id: Callable[[], str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the store, the clock in epoch seconds, the maker of ids, and a monotonic clock for ages."""
        self._repository = repository
        self._now = now
        self._new_id = new_id
        self._monotonic = monotonic
        self._lock = Lock()
        self._version = -1
        self._loaded_at = 0.0
        self._clients: Mapping[str, Client] = MappingProxyType({})

    def find(self, client_id: str) -> Client | None:
        """Return the client as this process knows it, whatever its state."""
        if self._version < 0:
            self._load()
        return self._clients.get(client_id)

    def all(self) -> tuple[Client, ...]:
        """Return every client that is not removed, by id."""
        self._load()
        return tuple(self._clients[name] for name in sorted(self._clients) if self._clients[name].state != "removed")

    def observe(self, version: int) -> None:
        """Reload what changed if ``version``, which rode along with a statement, is newer than ours."""
        if version > self._version:
            self._load()

    def refresh_if_older_than(self, seconds: float) -> None:
        """Ask for the version if the last look is older than ``seconds``."""
        if self._monotonic() - self._loaded_at >= seconds:
            self._load()

    def register(self, document: Mapping[str, Any], *, is_operator: bool, actor: str = "operator:local") -> tuple[Client, str | None, tuple[str, ...]]:
        """Register; returns the client, its secret once (None for public ones), and ignored field names.

        An operator's own ``client_id``, ``client_secret`` and ``sector`` are kept. Raises ``RegistrationRefused``, ``ClientConflict``.
        """
        registration = metadata.parse(dict(document))
        given = document if is_operator else {}
        client_id = _given_id(given.get("client_id")) or self._new_id()
        secret = _secret(registration.values, given.get("client_secret"))
        now = self._now()
        client = Client(
            client_id=client_id,
            sector_id=str(given.get("sector") or f"sec_{self._new_id()}"),
            secrets=(Secret(secrets.digest(secret), now),) if secret else (),
            created_at=now,
            updated_at=now,
            **_frozen(registration.values),
        )
        stored = self._repository.add(client, ClientEvent("add", client_id, actor=actor))
        self._load()
        return stored, secret, registration.ignored

    def update(self, client_id: str, document: Mapping[str, Any], *, actor: str = "operator:local") -> Client:
        """Replace the metadata as a whole; id, sector and secrets stay. Raises like ``register``, and ``ClientNotFound``."""
        current = self.known(client_id)
        values = _frozen(metadata.parse(dict(document)).values)
        changed = tuple(sorted(name for name, value in values.items() if getattr(current, name) != value))
        updated = replace(current, **values, updated_at=self._now())
        return self._changed(updated, ClientEvent("update", client_id, changed, actor))

    def rotate_secret(self, client_id: str, *, overlap: int = DEFAULT_OVERLAP, actor: str = "operator:local") -> tuple[Client, str]:
        """Give the client a new secret; the old one lives for ``overlap`` seconds more."""
        current = self.known(client_id)
        if not current.is_confidential:
            raise RegistrationRefused([MetadataError("client_secret", "public_client", "a public client has no secret")])
        secret, now = secrets.new_secret(), self._now()
        updated = replace(current, secrets=secrets.rotated(current.secrets, secret, now, overlap), updated_at=now)
        return self._changed(updated, ClientEvent("rotate-secret", client_id, actor=actor)), secret

    def set_state(self, client_id: str, state: str, *, actor: str = "operator:local", note: str = "") -> Client:
        """Suspend (``suspended``), resume (``active``) or remove (``removed``) a client; a removed id is never used again."""
        action = {"suspended": "suspend", "active": "resume", "removed": "remove"}[state]
        updated = replace(self.known(client_id), state=state, updated_at=self._now())
        return self._changed(updated, ClientEvent(action, client_id, actor=actor, note=note))

    def known(self, client_id: str) -> Client:
        """Return a client that is not removed; raises ``ClientNotFound``."""
        self._load()
        client = self._clients.get(client_id)
        if client is None or client.state == "removed":
            raise ClientNotFound(f"no client {client_id!r}")
        return client

    def _changed(self, client: Client, event: ClientEvent) -> Client:
        stored = self._repository.replace(client, event)
        self._load()
        return stored

    def _load(self) -> None:
        with self._lock:
            version = self._repository.version()
            if version > self._version:
                changed = self._repository.changed_since(max(self._version, 0))
                self._clients = MappingProxyType({**self._clients, **{one.client_id: one for one in changed}})
                self._version = max([version, *(one.version for one in changed)])
            self._loaded_at = self._monotonic()


def _frozen(values: Mapping[str, Any]) -> dict[str, Any]:
    sets = {name: frozenset(values[name]) for name in ("grant_types", "response_types")}
    return {**values, **sets}


def _given_id(given: Any) -> str | None:  # noqa: ANN401 - JSON
    if given is None:
        return None
    if not isinstance(given, str) or not 1 <= len(given) <= 128 or not all(c.isascii() and (c.isalnum() or c in "._~-") for c in given):  # noqa: PLR2004 - bounds
        raise RegistrationRefused([MetadataError("client_id", "characters", "must be 1 to 128 letters, digits or . _ ~ -")])
    return given


def _secret(values: Mapping[str, Any], given: Any) -> str | None:  # noqa: ANN401 - JSON
    if values["token_endpoint_auth_method"] == "none":
        return None
    return secrets.check_given(given) if isinstance(given, str) else secrets.new_secret()


__all__ = ["ClientConflict", "ClientEvent", "ClientRegistry", "ClientRepository"]
