"""Protected resources (RFC 8707): which active client serves the resource that a token is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clients.model import Client


class ResourceIndex:
    """Finds clients by their ``resource_identifiers``; made anew when the registry has changed, and only when somebody asks."""

    def __init__(self, clients: Callable[[], Mapping[str, Client]]) -> None:
        """Take who returns the registry's clients: another mapping after each change."""
        self._clients = clients
        self._made: tuple[Mapping[str, Client], dict[str, Client]] | None = None

    def serving(self, resource: str) -> Client | None:
        """Return an active client that registered ``resource`` as its own, compared character by character."""
        clients, made = self._clients(), self._made
        if made is None or made[0] is not clients:
            found = {name: one for one in clients.values() if one.is_active for name in one.resource_identifiers}
            made = self._made = (clients, found)
        return made[1].get(resource)
