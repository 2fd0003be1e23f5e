"""Resource indicators (RFC 8707): for which protected resources a client may get access tokens.

Known are the issuer's own (userinfo) and what active clients registered as their ``resource_identifiers``. A client may ask for the issuer, for
itself, for what its ``allowed_resources`` names, and for the Admin API if it may ask for one of its scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from clients.model import Client
from idp.protocol.errors import InvalidTarget
from policies import delegation

API_PATH: Final = "/api/v1"
"""The Admin API, below the issuer: a resource of its own, so that no other token of a person administers."""
MOST: Final = 4
"""Resources of one request: each is an audience that could use the token at the others."""
_LONGEST: Final = 512


class Resources:
    """Decides about audiences."""

    def __init__(self, issuer: str, serving: Callable[[str], Client | None]) -> None:
        """Take the issuer, and who finds the active client that is a resource."""
        self.issuer = issuer
        self._api = issuer + API_PATH
        self._serving = serving

    def checked(self, client: Client, names: Iterable[str]) -> tuple[str, ...]:
        """Return the resources asked, without doubles; raises ``InvalidTarget``.

        Unknown resources and those that are not for this client are the same error: nobody probes what the province runs.
        """
        asked = tuple(dict.fromkeys(names))
        if len(asked) > MOST:
            raise InvalidTarget(f"resource may be there {MOST} times", reason="too_many_resources")
        for name in asked:
            if len(name) > _LONGEST or not self._may(client, name):
                raise InvalidTarget("resource names no resource that this client may ask for")
        return asked

    def server(self, name: str) -> Client | None:
        """Return the active client that serves a resource, None for our own and for unknown ones."""
        return self._serving(name)

    def audience(self, granted: tuple[str, ...], asked: Iterable[str]) -> tuple[str, ...]:
        """Return the audience of one access token: what is asked of what was granted, everything where nothing is asked (RFC 8707 section 2.2).

        The issuer goes without saying: every sign-in allows userinfo. Raises ``InvalidTarget``.
        """
        wanted = tuple(dict.fromkeys(asked)) if asked else ()
        if not wanted:
            return granted or (self.issuer,)
        if not set(wanted) <= {self.issuer, *granted}:
            raise InvalidTarget("resource was not part of the authorization", reason="resource_widened")
        return wanted

    def _may(self, client: Client, name: str) -> bool:
        if name == self.issuer:
            return True
        if name == self._api:
            return not client.scope.isdisjoint(delegation.SCOPES)
        if name not in client.allowed_resources and name not in client.resource_identifiers:
            return False
        return self._serving(name) is not None
