"""The device authorization endpoint (RFC 8628 sections 3.1 and 3.2): a device without a browser asks, its person answers at another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from clients.model import Client
from idp.clock import Clock
from idp.flows.decoupled import DecoupledRequests
from idp.flows.hourly import Wait
from idp.flows.user_codes import UserCodes
from idp.model.audit import AuditEvent, Event
from idp.protocol.authorization import parsing
from idp.protocol.client_authentication import ClientAuthenticator
from idp.protocol.errors import (
    InvalidRequest,
    ProtocolError,
    StillTooManyRequests,
    TooManyRequests,
    UnauthorizedClient,
)
from idp.protocol.grants import device_code
from idp.protocol.parameters import form_parameters
from idp.protocol.refusals import Refusals
from idp.protocol.resources import Resources
from idp.protocol.wire import WireRequest, WireResponse, json_response
from idp.services.audit import AuditLog

INTERVAL = 5
"""Seconds between polls at the least (RFC 8628 section 3.2)."""


class DeviceAuthorizationEndpoint:
    """Gives a device the two codes: one to poll with, one for its person to type."""

    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        decoupled: DecoupledRequests,
        user_codes: UserCodes,
        audit: AuditLog,
        clock: Clock,
        refusals: Refusals,
        resources: Resources,
        issuer: str,
        lifetime: int,
        by_address: Callable[[str], Wait],
    ) -> None:
        """Take collaborators; ``lifetime`` of both codes is in seconds; ``by_address`` counts a request that no secret vouches for."""
        self._authenticator = authenticator
        self._decoupled = decoupled
        self._user_codes = user_codes
        self._audit = audit
        self._clock = clock
        self._refusals = refusals
        self._resources = resources
        self._issuer = issuer
        self._lifetime = lifetime
        self._by_address = by_address

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the codes or the error."""
        client: Client | None = None
        try:
            if request.method != "POST":
                raise InvalidRequest("the device authorization endpoint takes POST only", reason="method")
            parameters = form_parameters(request)
            client = self._client(request, parameters)
            if device_code.NAME not in client.grant_types:
                raise UnauthorizedClient(
                    "the client is not registered for the device grant", reason="grant_not_registered"
                )
            return json_response(self._opened(client, parameters, request))
        except ProtocolError as error:
            return self._refusals.answer(Event.DEVICE_AUTHORIZE, request, error, client.client_id if client else None)

    def _client(self, request: WireRequest, parameters: Mapping[str, str]) -> Client:
        """Return who asks; whoever proves no secret is counted by address: each request keeps two codes for minutes, and tries a secret."""
        try:
            client = self._authenticator.authenticate(request, parameters)
        except ProtocolError:
            self._bound(request)
            raise
        if not client.is_confidential:
            self._bound(request)
        return client

    def _bound(self, request: WireRequest) -> None:
        wait = self._by_address(request.address)
        if wait.seconds:
            kind = TooManyRequests if wait.is_first else StillTooManyRequests
            raise kind("too many requests from this address: ask again later", retry_after=wait.seconds)

    def _opened(self, client: Client, parameters: parsing.Parameters, request: WireRequest) -> dict[str, object]:
        """Every such request is asked for consent: whoever types a code that somebody sent him must read what it is for (section 5.4)."""
        asked = parsing.decoupled(client, parameters, frozenset({"consent"}), self._resources)
        user_code = self._user_codes.new()
        secret, opened = self._decoupled.open(
            device_code.KIND, asked, self._lifetime, INTERVAL, message=user_code, address=request.address
        )
        self._user_codes.link(user_code, opened.key, opened.expires_at)
        self._audit.write(
            AuditEvent(
                Event.DEVICE_AUTHORIZE,
                actor=f"client:{client.client_id}",
                client_id=client.client_id,
                case_code=request.case_code,
                detail={"scope": " ".join(asked.scope)},
                private={"address": request.address},
            )
        )
        page = f"{self._issuer}/device"
        return {
            "device_code": secret,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={user_code}",
            "expires_in": self._lifetime,
            "interval": INTERVAL,
        }
