"""Explicit registration: an entity brings its configuration, or a whole chain, and takes away a signed registration.

OpenID Federation 1.0 section 12.2.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from clients.documents import to_metadata
from clients.errors import ClientConflict, RegistrationRefused
from clients.model import Client
from idp.clock import Clock
from idp.errors import DomainError
from idp.federation.authority import Authority
from idp.federation.chains import MAX_STATEMENTS, TrustChain
from idp.federation.collecting import ChainFinder
from idp.federation.endpoints import protocol_error
from idp.federation.entity_keys import EntityKeys
from idp.federation.errors import StatementRefused
from idp.federation.registration import EXPLICIT, FederatedClients
from idp.federation.statements import STATEMENT, Statement, read
from idp.flows.hourly import HourlyLimit
from idp.model.audit import Event
from idp.protocol.errors import InvalidClientMetadata, InvalidRequest, ProtocolError, TemporarilyUnavailable
from idp.protocol.refusals import Refusals
from idp.protocol.wire import NO_STORE, WireRequest, WireResponse
from policies.federation.caps import RELYING_PARTY

REGISTRATION: Final = "explicit-registration-response+jwt"
CHAIN: Final = "trust-chain+json"
_NOT_TOLD: Final = ("introduced_by", "federation", "sector_id", "state", "expires_at", "created_at", "updated_at")


class ExplicitRegistrationEndpoint:
    """``federation_registration_endpoint``."""

    def __init__(
        self,
        authority: Authority,
        keys: EntityKeys,
        finder: ChainFinder,
        clients: FederatedClients,
        limit: HourlyLimit,
        refusals: Refusals,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``limit`` bounds how often anybody may make us search."""
        self._authority = authority
        self._keys = keys
        self._finder = finder
        self._clients = clients
        self._limit = limit
        self._refusals = refusals
        self._clock = clock

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the registration, or the error (sections 12.2.3 and 12.2.4)."""
        try:
            if self._limit.count():
                raise TemporarilyUnavailable("too many registrations: try again within the hour", reason="throttled")
            configuration = self._configuration(request)
            chain = self._finder.from_configuration(configuration)
            client = self._clients.register(chain, EXPLICIT, chain.expires_at)
        except ProtocolError as error:
            return self._refusals.answer(Event.FEDERATION_REGISTER, request, error)
        except (RegistrationRefused, ClientConflict) as error:
            refusal = InvalidClientMetadata("the metadata is not acceptable here", reason=error.code)
            return self._refusals.answer(Event.FEDERATION_REGISTER, request, refusal)
        except DomainError as error:
            return self._refusals.answer(Event.FEDERATION_REGISTER, request, protocol_error(error))
        headers = (("Content-Type", f"application/{REGISTRATION}"), ("X-Content-Type-Options", "nosniff"), *NO_STORE)
        return WireResponse(200, headers, self._registration(client, chain).encode("ascii"))

    def _configuration(self, request: WireRequest) -> Statement:
        """Return the entity's configuration, made for us; a chain around it is a hint that saves nothing here (section 12.2.2)."""
        kind = request.content_type.partition(";")[0].strip().lower()
        if kind == f"application/{CHAIN}":
            token = _first(request.body)
        elif kind == f"application/{STATEMENT}":
            token = request.body.decode("ascii", "replace").strip()
        else:
            raise InvalidRequest("the body must be an entity statement or a trust chain", reason="content_type")
        statement = read(token, loopback=self._clients.loopback)
        if not statement.is_configuration or self._authority.is_ours(statement.subject):
            raise StatementRefused("not_a_configuration", "the statement must be the entity's own configuration")
        audience = statement.claims.get("aud")
        if audience not in (self._authority.entity_id, [self._authority.entity_id]):
            # What an entity publishes for all, or sent to another provider, registers nothing here.
            raise StatementRefused("token_audience_refused", "aud must be this provider alone")
        return statement

    def _registration(self, client: Client, chain: TrustChain) -> str:
        told = {name: value for name, value in to_metadata(client).items() if name not in _NOT_TOLD}
        claims: dict[str, Any] = {
            "iss": self._authority.entity_id,
            "sub": chain.subject,
            "aud": chain.subject,
            "iat": self._clock.now(),
            "exp": client.expires_at,
            "trust_anchor": chain.anchor,
            "authority_hints": [chain.superior],
            "jwks": chain.statements[0].claims["jwks"],
            "metadata": {RELYING_PARTY: told},
        }
        return self._keys.sign(claims, REGISTRATION)


def _first(body: bytes) -> str:
    try:
        chain = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("the trust chain is no JSON", reason="chain_malformed") from error
    if not isinstance(chain, list) or not 1 <= len(chain) <= MAX_STATEMENTS or not isinstance(chain[0], str):
        raise InvalidRequest("the trust chain must be a short list of statements", reason="chain_malformed")
    return chain[0]
