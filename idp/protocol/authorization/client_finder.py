"""Finds the client of an authorization request: in memory, then anew, then by introduction (OpenID Federation, client ID metadata documents)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from clients.model import Client
from clients.registry import ClientRegistry
from idp.protocol.authorization import parsing
from idp.protocol.authorization.parsing import Target
from idp.protocol.errors import InvalidRequest
from idp.protocol.introductions import Introductions

Found = TypeVar("Found")


class ClientFinder:
    """Looks once more where the clients in memory do not serve: another process may have just added or changed one."""

    def __init__(self, registry: ClientRegistry, introductions: Introductions) -> None:
        """Take the registry and the ways in for clients that nobody registered."""
        self._registry = registry
        self._introductions = introductions

    def target(self, parameters: Mapping[str, str]) -> Target:
        """Return client and redirect URI; raises a ``ProtocolError`` that is shown and never redirected."""
        return self._twice(parameters, lambda: parsing.identify(parameters, self._registry.find))

    def client(self, parameters: Mapping[str, str]) -> Client:
        """Return the active client that the parameters name; raises a ``ProtocolError`` as ``target`` does."""
        return self._twice(parameters, lambda: parsing.named_client(parameters, self._registry.find))

    def _twice(self, parameters: Mapping[str, str], look: Callable[[], Found]) -> Found:
        try:
            return look()
        except InvalidRequest:
            self._registry.refresh()
            self._introductions.introduce(parameters)
            return look()
