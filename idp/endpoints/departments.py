"""How a department is named on pages: the system, and the unit that owns it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from clients.model import Client
from idp.services.client_documents import SOURCE
from idp.services.units import owner_of
from policies.units import UnitReference


class Departments:
    """Names clients for people."""

    def __init__(self, find: Callable[[str], Client | None], unit_name: Callable[[UnitReference], str]) -> None:
        """Take the look-up of clients, and of a unit's full name ("" for an unknown one)."""
        self._find = find
        self._unit_name = unit_name

    def find(self, client_id: str) -> Client | None:
        """Return a client."""
        return self._find(client_id)

    def view(self, client: Client | None, language: str) -> Mapping[str, str] | None:
        """Return ``name``, ``unit``, and the addresses ``policy`` and ``terms`` ("" for none); None where no department asks."""
        if client is None:
            return None
        # Nobody vouches for a client of a metadata document but the host that serves it: people read that, not an owner.
        host = urlsplit(client.client_id).hostname if client.introduced_by == SOURCE else None
        # OpenID Connect Registration section 2: a person should be able to read what becomes of the data before agreeing.
        pages = {"policy": client.policy_uri or "", "terms": client.tos_uri or ""}
        return {"name": client.name(language), "unit": host or self._unit_name(owner_of(client)), **pages}

    def name(self, client_id: str, language: str) -> str:
        """Return a client's name, its id when it is unknown."""
        client = self._find(client_id)
        return client.name(language) if client is not None else client_id
