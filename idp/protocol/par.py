"""The pushed authorization request endpoint (RFC 9126): the client leaves its request here, authenticated, before the browser comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clients.model import Client
from idp.flows.pushed import PushedRequests
from idp.model.audit import Event
from idp.protocol.authorization.parsing import Target
from idp.protocol.authorization.sources import RequestSources
from idp.protocol.client_authentication import ClientAuthenticator
from idp.protocol.errors import ProtocolError
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse, json_response

_OF_AUTHENTICATION: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""What proves the client and is no part of the request (RFC 9126 section 2.1)."""

CheckRequest = Callable[[Target, Mapping[str, str]], object]
"""Checks every parameter as the authorization endpoint does; raises ``ProtocolError``."""
Identify = Callable[[Mapping[str, str]], Target]


class PushedAuthorizationEndpoint:
    """Authenticates, checks everything that can be checked without the person, and keeps."""

    def __init__(
        self,
        authenticator: ClientAuthenticator,
        identify: Identify,
        check: CheckRequest,
        pushed: PushedRequests,
        sources: RequestSources,
        refusals: Refusals,
    ) -> None:
        """Take collaborators; ``identify`` and ``check`` are the authorization endpoint's own."""
        self._authenticator = authenticator
        self._identify = identify
        self._check = check
        self._pushed = pushed
        self._sources = sources
        self._refusals = refusals

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the ``request_uri``, or the error (RFC 9126 sections 2.2 and 2.3)."""
        client: Client | None = None
        if request.method != "POST":
            return WireResponse(405, (("Allow", "POST"), *NO_STORE))
        try:
            parameters = form_parameters(request)
            client = self._authenticator.authenticate(request, parameters)
            return self._kept(client, parameters)
        except ProtocolError as error:
            return self._refusals.answer(Event.PUSH, request, error, client.client_id if client else None)

    def _kept(self, client: Client, sent: Mapping[str, str]) -> WireResponse:
        own = {name: value for name, value in sent.items() if name not in _OF_AUTHENTICATION}
        parameters = self._sources.pushed(client, own).parameters
        self._check(self._identify(parameters), parameters)
        answer = {"request_uri": self._pushed.keep(client.client_id, parameters), "expires_in": self._pushed.lifetime}
        return json_response(answer, 201)
