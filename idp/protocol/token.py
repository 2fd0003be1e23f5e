"""The token endpoint (RFC 6749 section 3.2): parse and bound, authenticate, authorise, then the grant claims, records and mints."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clients.model import Client
from idp.model.audit import Event
from idp.model.binding import UNBOUND
from idp.protocol.errors import InvalidRequest, ProtocolError, UnauthorizedClient, UnsupportedGrantType
from idp.protocol.grants.frame import Grant, GrantServices, GrantType, TokenRequest
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.sender_constraints import SenderConstraints
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse, json_response


class TokenEndpoint:
    """The frame around all grants; a grant cannot skip a phase of it."""

    def __init__(
        self,
        grants: Mapping[str, GrantType],
        services: GrantServices,
        refusals: Refusals,
        senders: SenderConstraints,
        prepare: Callable[[Client], None],
    ) -> None:
        """Take the registry of grants and what they work with.

        Also how refusals are answered, what binds tokens to their sender, and what finds a client's key for encryption.
        """
        self._prepare = prepare
        self._senders = senders
        self._grants = grants
        self._services = services
        self._refusals = refusals

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the token response or the error."""
        client: Client | None = None
        try:
            if request.method != "POST":
                raise InvalidRequest("the token endpoint takes POST only", reason="method")
            parameters = form_parameters(request)
            client = self._services.authenticator.authenticate(request, parameters)
            grant = self._authorised(client, parameters)
            if client.id_token_encrypted_response_alg is not None:
                # Before anything single-use is spent: a key set that is out of reach must not cost the client its code.
                self._prepare(client)
            binding = self._senders.binding(request, client)
            asked = TokenRequest(client, parameters, request.case_code, binding)
            if binding is UNBOUND:
                return json_response(grant(asked, self._services))
            answer = grant(asked, self._services.bound_to(binding, client))
            answer["token_type"] = binding.token_type
            return json_response(answer, headers=(*NO_STORE, *self._senders.nonce_headers(request)))
        except ProtocolError as error:
            return self._refusals.answer(Event.TOKEN_REQUEST, request, error, client.client_id if client else None)

    def _authorised(self, client: Client, parameters: Mapping[str, str]) -> Grant:
        name = parameters.get("grant_type")
        if name is None:
            raise InvalidRequest("grant_type is missing", reason="grant_type_missing")
        row = self._grants.get(name)
        if row is None:
            raise UnsupportedGrantType("this grant_type is not supported")
        if name not in client.grant_types:
            raise UnauthorizedClient("the client is not registered for this grant_type", reason="grant_not_registered")
        if not (row.is_for_public or client.is_confidential):
            raise UnauthorizedClient(
                "a client without a credential may not use this grant_type", reason="public_client"
            )
        return row.grant
