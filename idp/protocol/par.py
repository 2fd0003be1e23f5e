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
from idp.protocol.errors import InvalidDpopProof, ProtocolError
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
        prove: Callable[[WireRequest], str],
    ) -> None:
        """Take collaborators; ``identify`` and ``check`` are the authorization endpoint's own, ``prove`` names the key of a DPoP proof."""
        self._prove = prove
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
            return self._kept(client, parameters, self._prove(request))
        except ProtocolError as error:
            return self._refusals.answer(Event.PUSH, request, error, client.client_id if client else None)

    def _kept(self, client: Client, sent: Mapping[str, str], jkt: str) -> WireResponse:
        own = {name: value for name, value in sent.items() if name not in _OF_AUTHENTICATION}
        parameters = _bound(self._sources.pushed(client, own).parameters, jkt)
        self._check(self._identify(parameters), parameters)
        answer = {"request_uri": self._pushed.keep(client.client_id, parameters), "expires_in": self._pushed.lifetime}
        return json_response(answer, 201)


def _bound(parameters: Mapping[str, str], jkt: str) -> Mapping[str, str]:
    """Bind the code to the key that proved this request; another one that the request names is refused (RFC 9449 section 10.1)."""
    if not jkt:
        return parameters
    if parameters.get("dpop_jkt", jkt) != jkt:
        raise InvalidDpopProof("dpop_jkt is not the key of the DPoP proof", reason="dpop_jkt_mismatch")
    return {**parameters, "dpop_jkt": jkt}
