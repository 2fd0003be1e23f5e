"""Client authentication (RFC 6749 section 2.3): exactly one credential a request, one row a method in the registry.

An unknown client and a wrong secret are the same 401 after the same work.
"""

from __future__ import annotations

import base64
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from clients import secrets
from clients.model import Client
from clients.registry import ClientRegistry
from idp.clock import Clock
from idp.protocol.errors import InvalidClient, InvalidRequest
from idp.protocol.introductions import Introductions
from idp.protocol.wire import WireRequest

CHALLENGE: Final = 'Basic realm="dinhdanh", charset="UTF-8"'
_LONGEST: Final = 2048
_STALE: Final = 1
"""Seconds after which a failed authentication looks for newer clients; strangers can make us look once a second, not more."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request presents: the method, the claimed client, and its secret ("" for a public client)."""

    method: str
    client_id: str
    secret: str


Extractor = Callable[[WireRequest, Mapping[str, str]], Credential | None]


def _basic(request: WireRequest, _parameters: Mapping[str, str]) -> Credential | None:
    """Read the Authorization header; both halves are form-urlencoded (RFC 6749 section 2.3.1)."""
    header = request.header("authorization")
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        user, colon, password = text.partition(":")
        client_id, secret = unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
    except (Base64Error, ValueError) as error:
        raise InvalidClient("the Basic credential cannot be read", reason="basic_malformed") from error
    if not colon or not client_id:
        raise InvalidClient("the Basic credential cannot be read", reason="basic_malformed")
    return Credential("client_secret_basic", client_id, secret)


def _post(_request: WireRequest, parameters: Mapping[str, str]) -> Credential | None:
    if "client_secret" not in parameters:
        return None
    return Credential("client_secret_post", parameters.get("client_id", ""), parameters["client_secret"])


METHODS: Final[Mapping[str, Extractor]] = {"client_secret_basic": _basic, "client_secret_post": _post}
"""Every method that brings a credential; another one is a module and a row."""


class ClientAuthenticator:
    """Finds out who asks, and proves it."""

    def __init__(self, registry: ClientRegistry, clock: Clock, introductions: Introductions | None = None) -> None:
        """Take the registry, the clock, and how an unknown client may introduce itself."""
        self._introductions = introductions or Introductions(registry.find)
        self._registry = registry
        self._clock = clock

    def authenticate(self, request: WireRequest, parameters: Mapping[str, str]) -> Client:
        """Return the active client that the request proves, or names if it is public; raises ``InvalidClient``, ``InvalidRequest``."""
        found = [one for extract in METHODS.values() if (one := extract(request, parameters)) is not None]
        if len(found) > 1:
            raise InvalidRequest("more than one client credential", reason="several_credentials")
        credential = found[0] if found else Credential("none", parameters.get("client_id", ""), "")
        named = parameters.get("client_id", credential.client_id)
        if not credential.client_id or named != credential.client_id or len(credential.secret) > _LONGEST:
            raise InvalidClient("no client credential", reason="client_unnamed")
        return self._proven(credential, parameters)

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
            raise InvalidClient("client authentication failed", reason="client_inactive")
        return now

    def _proven(self, credential: Credential, parameters: Mapping[str, str]) -> Client:
        """Check the credential, and once more if the clients in memory are old: another process may have added one, or its secret."""
        try:
            return self._checked(credential)
        except InvalidClient:
            self._registry.refresh_if_older_than(_STALE)
            self._introductions.introduce(parameters)
            return self._checked(credential)

    def _checked(self, credential: Credential) -> Client:
        client = self._registry.find(credential.client_id)
        kept = client.secrets if client is not None else ()
        is_right = credential.method == "none" or secrets.is_valid(kept, credential.secret, self._clock.now())
        if client is None or client.state != "active":
            raise InvalidClient("client authentication failed", reason="unknown_client")
        if credential.method != client.token_endpoint_auth_method:
            raise InvalidClient("client authentication failed", reason="wrong_method")
        if not is_right:
            raise InvalidClient("client authentication failed", reason="wrong_secret")
        return client
