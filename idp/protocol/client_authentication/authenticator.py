"""Finds out which client asks, and has it proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clients import secrets
from clients.model import Client
from clients.registry import ClientRegistry
from idp.protocol.client_authentication import certificate
from idp.protocol.client_authentication.frame import Credential, Shape, Tools, Used
from idp.protocol.client_authentication.registry import EXTRACTORS, METHODS
from idp.protocol.client_authentication.remembered import ProvenHeaders
from idp.protocol.errors import CLIENT_UNPROVEN, InvalidClient, InvalidRequest
from idp.protocol.introductions import Introductions
from idp.protocol.replays import Replayed, Replays
from idp.protocol.wire import WireRequest

CHALLENGE: Final = 'Basic realm="dinhdanh", charset="UTF-8"'
_IN_BODY: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""By any of these a request brings another credential than that of its header."""


class ClientAuthenticator:
    """Finds out who asks, and proves it; the same at every endpoint that clients call."""

    def __init__(self, registry: ClientRegistry, tools: Tools, replays: Replays, introductions: Introductions) -> None:
        """Take the registry, what methods work with, the marks of what was used, and how an unknown client may introduce itself."""
        self._introductions = introductions
        self._registry = registry
        self._tools = tools
        self._replays = replays
        self._proven_headers = ProvenHeaders(registry.find, tools.clock)

    def authenticate(self, request: WireRequest, parameters: Mapping[str, str]) -> Client:
        """Return the active client that the request proves, or names if it is public; raises ``InvalidClient``, ``InvalidRequest``."""
        header = request.headers.get("authorization")
        if header is not None and _IN_BODY.isdisjoint(parameters):
            known = self._proven_headers.client(header)
            if known is not None and parameters.get("client_id", known.client_id) == known.client_id:
                return known
        found = [one for extract in EXTRACTORS if (one := extract(request, parameters)) is not None]
        if len(found) > 1:
            raise InvalidRequest("more than one client credential", reason="several_credentials")
        credential = found[0] if found else certificate.by_name(request, parameters)
        named = parameters.get("client_id", credential.client_id)
        if not credential.client_id or named != credential.client_id:
            raise InvalidClient("no client credential", reason="client_unnamed")
        client, used = self._proven(credential, request, parameters)
        if used is not None:
            self._mark(client, used)
        if header is not None and credential.shape is Shape.BASIC:
            self._proven_headers.remember(header, client, credential.value)
        return client

    def confidential(self, request: WireRequest, parameters: Mapping[str, str]) -> Client:
        """Return the client as ``authenticate`` does, refusing public ones."""
        client = self.authenticate(request, parameters)
        if not client.is_confidential:
            raise InvalidClient("a public client may not ask here", reason="public_client")
        return client

    def still_active(self, client: Client, version: int) -> Client:
        """Return the client as it is now; look again after a statement brought a newer registry version: a suspension counts at once."""
        self._registry.observe(version)
        now = self._registry.find(client.client_id)
        if now is None or now.state != "active":
            raise InvalidClient(CLIENT_UNPROVEN, reason="client_inactive")
        return now

    def find(self, client_id: str) -> Client | None:
        """Return a client as this process knows it, whatever its state."""
        return self._registry.find(client_id)

    def _mark(self, client: Client, used: Used) -> None:
        try:
            self._replays.claim("client_assertion", client.client_id, used.jti, used.issued_at, used.expires_at)
        except Replayed as error:
            raise InvalidClient("the client assertion was used before: make a new one", reason=error.reason) from error

    def _proven(
        self, credential: Credential, request: WireRequest, parameters: Mapping[str, str]
    ) -> tuple[Client, Used | None]:
        """Check the credential, and once more against what is stored now: another process may have just added the client, or its secret."""
        try:
            return self._checked(credential, request)
        except InvalidClient:
            self._registry.refresh()
            self._introductions.introduce({**parameters, "client_id": credential.client_id})
            return self._checked(credential, request)

    def _checked(self, credential: Credential, request: WireRequest) -> tuple[Client, Used | None]:
        client = self._registry.find(credential.client_id)
        if client is None or client.state != "active":
            # The same work as for a client that is there: whether one is must not be told by the clock.
            secrets.is_valid((), credential.value, 0)
            raise InvalidClient(CLIENT_UNPROVEN, reason="unknown_client")
        method = METHODS[client.token_endpoint_auth_method]
        if method.shape is not credential.shape:
            raise InvalidClient(CLIENT_UNPROVEN, reason="wrong_method")
        return client, method.prove(credential, client, request, self._tools)
