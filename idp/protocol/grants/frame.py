"""What a grant gets and gives: the frame of the token endpoint has authenticated the client and checked that it may use the grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from clients.model import Client
from idp.flows.decoupled import DecoupledRequests
from idp.model.binding import UNBOUND, Binding
from idp.model.frozen import frozen
from idp.model.mandate import Acting
from idp.ports.grants import Versions
from idp.protocol.bearer import AccessTokens
from idp.protocol.client_authentication import ClientAuthenticator
from idp.protocol.client_keys import ClientKeys
from idp.protocol.errors import InvalidGrant
from idp.protocol.mint import Mint
from idp.protocol.replays import Replays
from idp.protocol.resources import Resources
from idp.services.acting import ActingClaims
from idp.services.claims import ClaimSource
from idp.services.codes import CodeBox
from idp.services.consents import ConsentService
from idp.services.subjects import SubjectService
from idp.services.tokens import TokenService
from keys.ring import KeyRing, LiveRing


@frozen
class TokenRequest:
    """An authenticated request: its client, its parameters, the case code for the audit log, and what its sender proved."""

    client: Client
    parameters: Mapping[str, str]
    case_code: str
    binding: Binding = UNBOUND


@dataclass(frozen=True, slots=True)
class GrantServices:
    """What grants work with."""

    tokens: TokenService
    codes: CodeBox
    claims: ClaimSource
    mint: Mint
    ring: LiveRing
    authenticator: ClientAuthenticator
    resources: Resources
    decoupled: DecoupledRequests
    access_tokens: AccessTokens
    subjects: SubjectService
    consents: ConsentService
    client_keys: ClientKeys
    replays: Replays
    issuer: str
    find_client: Callable[[str], Client | None]
    acting: ActingClaims

    def bound_to(self, binding: Binding, client: Client) -> GrantServices:
        """Return services whose tokens are bound to a sender: whatever a grant mints or stores with them, it cannot forget it."""
        # Whoever authenticates may change its key; a public client has nothing but the key (RFC 9449 section 5).
        tokens = self.tokens.bound_to(binding, any_key=client.is_confidential)
        return replace(self, tokens=tokens, mint=self.mint.bound_to(binding.confirmation))

    def acts_by(self, mandate_id: str, client: Client, claims: int = 0) -> Acting | None:
        """Return what is said of a grant's mandate, None where there is none; raises ``InvalidGrant`` when it has ended."""
        if not mandate_id:
            return None
        acting = self.acting.of(mandate_id, client, claims)
        if acting is None:
            raise InvalidGrant("the mandate behind this grant has ended", reason="mandate_ended")
        return acting

    def check_mark(self, client: Client, grant_id: str, began: int, case_code: str) -> None:
        """End a grant whose code, or whose family, began before its client's not-before mark; raises ``InvalidGrant``.

        After ``keys_after``: it is the mark that rode along which counts.
        """
        known = self.find_client(client.client_id)
        if known is None or began < known.not_before:
            self.tokens.revoke(grant_id, client.client_id, "before_mark", case_code)
            raise InvalidGrant("what was presented is not valid any more", reason="before_mark")

    def keys_after(self, client: Client, versions: Versions) -> KeyRing:
        """Return the ring to sign with, after the versions that rode along were heeded: a suspended client gets nothing."""
        self.authenticator.still_active(client, versions.clients)
        return self.ring.at(versions.keys)


def _nothing(_issuer: str) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class GrantType:
    """One row of the registry: the grant's name, what it does, and what it adds to discovery (``metadata`` takes the issuer).

    ``is_for_public`` tells whether a client that proves nothing may use it.
    """

    name: str
    grant: Grant
    is_for_public: bool = True
    metadata: Callable[[str], Mapping[str, Any]] = _nothing


class Grant(Protocol):
    """One grant: claims what is single-use, then mints."""

    def __call__(self, request: TokenRequest, services: GrantServices, /) -> dict[str, Any]:
        """Return the token response; raises ``ProtocolError``."""
        ...
