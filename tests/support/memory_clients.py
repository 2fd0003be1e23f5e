"""Clients for tests: a store in memory with the compare-and-swap of the real ones, and the metadata of a department."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from clients.errors import ClientConflict, MetadataError, RegistrationRefused
from clients.metadata import parse
from clients.model import Client
from clients.registry import ClientRegistry
from clients.repository import ClientEvent

NOW = 1_795_478_400


class MemoryClients:
    """``clients.registry.ClientRepository`` in memory.

    ``reads`` counts calls of ``version``; ``before_replace`` runs before the stored version is compared: the place for
    a race.
    """

    def __init__(self) -> None:
        """Start empty, at version 0."""
        self.clients: dict[str, Client] = {}
        self.events: list[ClientEvent] = []
        self.last = 0
        self.reads = 0
        self.before_replace: Callable[[], None] | None = None

    def version(self) -> int:
        """Return the version of the last change."""
        self.reads += 1
        return self.last

    def changed_since(self, version: int) -> list[Client]:
        """Return the clients that changed after ``version``, in order of their change."""
        return sorted(
            (one for one in self.clients.values() if one.version > version), key=lambda client: client.version
        )

    def add(self, client: Client, event: ClientEvent) -> Client:
        """Insert, or raise ``ClientConflict``."""
        if client.client_id in self.clients:
            message = "taken"
            raise ClientConflict(message)
        return self._write(client, event)

    def replace(self, client: Client, event: ClientEvent) -> Client:
        """Replace, or raise ``ClientConflict``."""
        race, self.before_replace = self.before_replace, None
        if race is not None:
            race()
        if self.clients[client.client_id].version != client.version:
            message = "changed"
            raise ClientConflict(message)
        return self._write(client, event)

    def _write(self, client: Client, event: ClientEvent) -> Client:
        self.last += 1
        stamped = replace(client, version=self.last)
        self.clients[client.client_id] = stamped
        self.events.append(event)
        return stamped


def new_ids() -> Callable[[], str]:
    """Return a maker of ids ``id1``, ``id2`` …."""
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


def make_registry(
    repository: MemoryClients, now: Callable[[], int] = lambda: NOW, monotonic: Callable[[], float] = lambda: 0.0
) -> ClientRegistry:
    """Return a registry over a store in memory, with clocks that stand still."""
    return ClientRegistry(repository, now, new_ids(), monotonic)


def department(**changes: object) -> dict[str, Any]:
    """Return the metadata of the portal, with changes; None takes a field out."""
    base = {
        "client_name": "Cổng dịch vụ công mẫu",
        "unit": "48",
        "legal_basis": "consent",
        "purpose": {"vi": "Xác định người nộp hồ sơ", "en": "To know who files a dossier"},
        "redirect_uris": ["https://portal.example.vn/callback"],
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


def native(**changes: object) -> dict[str, Any]:
    """Return the metadata of an app on a telephone, with changes."""
    return department(**{"application_type": "native", "redirect_uris": ["vn.example.app:/callback"], **changes})


def faults(document: object) -> tuple[MetadataError, ...]:
    """Return what a registration is refused for, nothing if it is not."""
    try:
        parse(document)
    except RegistrationRefused as refused:
        return refused.errors
    return ()


def reasons(document: object) -> set[tuple[str, str]]:
    """Return field and reason of everything that a registration is refused for."""
    return {(fault.field, fault.reason) for fault in faults(document)}
