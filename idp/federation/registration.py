"""Clients that come in by a trust chain: automatic and explicit registration (OpenID Federation 1.0 section 12).

What the chain resolves to becomes an ordinary client of the registry, with an end. Who owns it, and by what right it processes data, is its
superior's word and never its own; the cap of the unit's level is laid over whatever the superiors allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from clients import metadata as client_metadata
from clients.model import Client
from clients.purposes import SIGN_IN
from clients.registry import ClientRegistry
from clients.repository import Newcomer
from idp.clock import Clock
from idp.federation.authority import Authority
from idp.federation.chains import TrustChain, from_tokens
from idp.federation.collecting import ChainFinder
from idp.federation.entity_ids import is_entity_id
from idp.federation.errors import NoEntity, ResolvedMetadataRefused, StatementRefused
from idp.federation.key_sets import KeySets
from idp.federation.marks import MarkVerifier
from idp.federation.owners import OF_SUPERIORS, Owners
from idp.federation.statements import MAX_STATEMENT, read
from idp.model.audit import AuditEvent, Event
from idp.ports.client_sources import Introduction
from idp.services.audit import AuditLog
from keys import base64url
from keys.strict_json import read_object
from policies.federation.caps import RELYING_PARTY, cap_of
from policies.federation.errors import FederationRefusal, PolicyError
from policies.federation.metadata_policy import apply, check, merge

SOURCE: Final = "federation"
"""``Client.introduced_by`` of a federated client."""
AUTOMATIC: Final = "automatic"
EXPLICIT: Final = "explicit"
_NEVER: Final = frozenset({"sector_identifier_uri", "profile", "software_statement", "authorization_details_types"})
"""What no entity decides for itself here, and the chain neither."""
_MAX_HEADER: Final = 8 * MAX_STATEMENT


@dataclass(frozen=True, slots=True)
class Entry:
    """What an operator demands of federated clients; ``refresh`` is in seconds.

    ``units`` answer for the systems of other federations, by their trust anchor; see ``Owners``.
    """

    registration: tuple[str, ...]
    required_trust_marks: tuple[str, ...]
    refresh: int
    loopback: bool
    require_pkce: bool = True
    units: Mapping[str, str] = field(default_factory=dict)


class FederatedClients:
    """Registers by chain. Implements ``ports.client_sources.ClientSource`` for automatic registration."""

    def __init__(
        self,
        entry: Entry,
        registry: ClientRegistry,
        authority: Authority,
        finder: ChainFinder,
        marks: MarkVerifier,
        key_sets: KeySets,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take what is demanded, and collaborators."""
        self._entry = entry
        self._registry = registry
        self._authority = authority
        self._finder = finder
        self._marks = marks
        self._key_sets = key_sets
        self._audit = audit
        self._clock = clock
        self._owners = Owners(authority, entry.units)

    def introduce(self, introduction: Introduction) -> bool:
        """Register or renew the client by the chain that its id leads to; False where no federation entity is there.

        Without a JWT of the client's own there is nothing by which the request could be proven (section 12.1.1), so nothing is asked of anybody.
        """
        client_id = introduction.client_id
        if AUTOMATIC not in self._entry.registration or not introduction.unverified_jwts:
            return False
        if not is_entity_id(client_id, loopback=self._entry.loopback) or self._authority.is_ours(client_id):
            return False
        try:
            chain = self._offered(introduction) or self._finder.find(client_id, fresh=True)
        except NoEntity:
            return False
        self.register(chain, AUTOMATIC, self._clock.now() + self._entry.refresh)
        return True

    def register(self, chain: TrustChain, kind: str, until: int) -> Client:
        """Make the chain's subject a client until ``until`` (epoch seconds) or the chain's end; raises ``Refused``, ``RegistrationRefused``."""
        resolved = chain.metadata.get(RELYING_PARTY)
        if resolved is None:
            raise ResolvedMetadataRefused("no_relying_party", "the entity is no relying party, or may not be one")
        kinds = resolved.get("client_registration_types", [AUTOMATIC, EXPLICIT])
        if not isinstance(kinds, list) or kind not in kinds:
            raise ResolvedMetadataRefused("registration_type", f"the entity does not register by {kind}")
        held = {mark["trust_mark_type"] for mark in self._marks.valid(chain)} if self._needs_marks else set()
        if not held.issuperset(self._entry.required_trust_marks):
            raise ResolvedMetadataRefused("trust_mark_missing", "a trust mark that is demanded here is missing")
        vouched = {"trust_anchor": chain.anchor, "superior": chain.superior}
        newcomer = Newcomer(chain.subject, SOURCE, min(chain.expires_at, until), vouched)
        document = self._document(chain, self._key_sets.settled(chain, resolved))
        client = self._registry.introduce(newcomer, document)
        self._audit.write(
            AuditEvent(
                Event.FEDERATION_REGISTER,
                actor=f"client:{client.client_id}",
                client_id=client.client_id,
                target=f"client:{client.client_id}",
                detail={**vouched, "by": kind},
            )
        )
        return client

    @property
    def loopback(self) -> bool:
        """Tell whether http entities of this machine may come in."""
        return self._entry.loopback

    @property
    def _needs_marks(self) -> bool:
        return bool(self._entry.required_trust_marks)

    def _offered(self, introduction: Introduction) -> TrustChain | None:
        """Return the chain that came with the request, if one holds; what ours say in it is replaced by what they say today.

        A statement lives for a day: the subordinate that we dropped an hour ago must not come in by yesterday's word.
        """
        for token in introduction.unverified_jwts:
            offered = _chain_in(token)
            if not offered:
                continue
            try:
                today = [self._today(one) for one in offered]
                chain = from_tokens(today, self._finder.anchors, self._clock.now(), loopback=self._entry.loopback)
            except StatementRefused:
                # A hint that does not hold is no reason to refuse: the entity's own configuration decides.
                return None
            return chain if chain.subject == introduction.client_id else None
        return None

    def _today(self, token: str) -> str:
        statement = read(token, loopback=self._entry.loopback)
        if not self._authority.is_ours(statement.issuer):
            return token
        if statement.is_configuration:
            return self._authority.configuration(statement.issuer) or token
        said = self._authority.statement(statement.issuer, statement.subject)
        if said is None:
            raise StatementRefused("not_subordinate", "one of ours does not vouch for the entity any more")
        return said

    def _document(self, chain: TrustChain, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return the registration document, capped; raises ``ResolvedMetadataRefused``."""
        known = {name: value for name, value in resolved.items() if name.partition("#")[0] in client_metadata.FIELDS}
        own = {name: value for name, value in known.items() if name not in OF_SUPERIORS and name not in _NEVER}
        document = {**own, **self._owners.heard(chain, known)}
        document["unit"] = self._owners.unit(chain, document.get("unit"))
        document = {**_unsaid(chain, document), "legal_basis": "consent", **document}
        cap = check(cap_of(self._owners.level(chain, document["unit"])).policy())
        try:
            capped = apply(merge(cap, self._owners.policy(chain)), {RELYING_PARTY: document})[RELYING_PARTY]
        except PolicyError as error:
            raise StatementRefused(error.reason, str(error)) from error
        except FederationRefusal as error:
            raise ResolvedMetadataRefused(error.reason, str(error)) from error
        return {**capped, "require_pkce": self._entry.require_pkce}


def _unsaid(chain: TrustChain, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name and the purpose that people read of a system which gives none: the specification asks neither of it."""
    said = {name.partition("#")[0] for name in document}
    organization = chain.metadata.get("federation_entity", {}).get("organization_name")
    name = organization or urlsplit(chain.subject).hostname
    return {key: value for key, value in (("client_name", name), ("purpose", dict(SIGN_IN))) if key not in said}


def _chain_in(token: str) -> Sequence[str]:
    """Return the ``trust_chain`` of a JWT's header, or of its claims (section 4.3); nothing where there is none that can be read."""
    for segment in token.split(".")[:2]:
        offered = unverified_part(segment).get("trust_chain")
        if isinstance(offered, list) and offered and all(isinstance(one, str) for one in offered):
            return offered
    return ()


def unverified_part(segment: str) -> Mapping[str, Any]:
    """Return the JSON object that a segment of a JWT holds, nothing where it cannot be read; nobody has vouched for it."""
    try:
        return read_object(base64url.decode(segment.encode("ascii"))) if len(segment) <= _MAX_HEADER else {}
    except ValueError:
        return {}
