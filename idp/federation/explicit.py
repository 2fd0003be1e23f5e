"""Explicit registration: an entity brings its configuration, or a whole chain, and takes away a signed registration.

OpenID Federation 1.0 section 12.2.
"""

from __future__ import annotations

from itertools import pairwise
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
from idp.federation.errors import ChainRefused, StatementRefused
from idp.federation.registration import EXPLICIT, FederatedClients, unverified_part
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
            configuration, anchors = self._asked(request)
            chain = self._finder.from_configuration(configuration, anchors)
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

    def _asked(self, request: WireRequest) -> tuple[Statement, tuple[str, ...]]:
        """Return the entity's configuration, made for us, and the anchor that it chose where it brought chains.

        We collect the chain ourselves (section 12.2.2, step 3); what is brought says to which anchor it has to lead (section 12.2.3).
        """
        kind = request.content_type.partition(";")[0].strip().lower()
        if kind == f"application/{CHAIN}":
            brought = {"trust_chain": _chain(request.body)}
            token = brought["trust_chain"][0]
        elif kind == f"application/{STATEMENT}":
            token = request.body.decode("ascii", "replace").strip()
            header = unverified_part(token.partition(".")[0])
            brought = {name: header[name] for name in ("trust_chain", "peer_trust_chain") if name in header}
        else:
            raise InvalidRequest("the body must be an entity statement or a trust chain", reason="content_type")
        statement = self._configuration(token)
        beginnings = {"trust_chain": statement.subject, "peer_trust_chain": self._authority.entity_id}
        anchors = {self._anchor(chain, beginnings[name]) for name, chain in brought.items()}
        if len(anchors) > 1:
            raise ChainRefused("chains_apart", "trust_chain and peer_trust_chain have to lead to one anchor")
        return statement, tuple(anchors)

    def _anchor(self, chain: Any, beginning: str) -> str:
        """Return where a chain that was brought ends; what it says is not believed, but it has to be one (section 3.2, steps 24 and 25)."""
        if not _is_chain(chain):
            raise ChainRefused("chain_malformed", "a trust chain is a short list of statements")
        statements = [read(one, loopback=self._clients.loopback, addressed=True) for one in chain]
        if statements[0].subject != beginning or not statements[0].is_configuration:
            raise ChainRefused("chain_subject", f"the chain does not begin with the configuration of {beginning}")
        if any(one.issuer != above.subject for one, above in pairwise(statements)):
            raise ChainRefused("chain_broken", "a statement is not about who signed the one before")
        return statements[-1].issuer

    def _configuration(self, token: str) -> Statement:
        statement = read(token, loopback=self._clients.loopback, addressed=True)
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


def _chain(body: bytes) -> list[str]:
    try:
        chain: list[str] = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("the trust chain is no JSON", reason="chain_malformed") from error
    if not _is_chain(chain):
        raise InvalidRequest("the trust chain must be a short list of statements", reason="chain_malformed")
    return chain


def _is_chain(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MAX_STATEMENTS and all(isinstance(one, str) for one in value)
