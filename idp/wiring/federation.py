"""The federation, made of settings and services; served only where an operator switched it on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from idp.endpoints.routes import Route
from idp.errors import SettingsError
from idp.federation.authority import REGISTRATION_PATH, Authority, Standing
from idp.federation.chains import Anchors
from idp.federation.collecting import ChainFinder
from idp.federation.endpoints import FederationEndpoints
from idp.federation.entity_ids import WELL_KNOWN, is_entity_id
from idp.federation.entity_keys import EntityKeys
from idp.federation.explicit import ExplicitRegistrationEndpoint
from idp.federation.key_sets import KeySets
from idp.federation.marks import MarkVerifier, OwnMarks
from idp.federation.members import Members
from idp.federation.registration import Entry, FederatedClients
from idp.fibers import FiberLock
from idp.flows.hourly import HourlyLimit
from idp.flows.housekeeping import Task
from idp.ports.client_sources import ClientSource
from idp.storage.federation import SqlFederationStore
from idp.storage.keys import SqlKeyRepository
from idp.storage.tables import federation_keys
from idp.wiring.decoupled import OtherDevices
from idp.wiring.young_ring import PROPAGATION
from keys.errors import InvalidJwk
from keys.keyset import ClientKeySet, import_jwks, read_jwks
from keys.plan import KeyPolicy
from keys.ring import LiveRing
from keys.service import KeyService

SIGNED_KEYS_PATH: Final = "/federation/jwks"
EXPLICIT_AN_HOUR: Final = 600
"""Explicit registrations in an hour, from all: each makes us visit addresses of somebody else's choice."""


class FederationDesk(OtherDevices, ABC):
    """The federation over the protocol."""

    @cached_property
    def federation_key_service(self) -> KeyService:
        """Keys of our entities: the life-cycle of signing keys, over a table of their own."""
        settings = self.settings
        lifetime = settings.federation.statement_lifetime
        policy = KeyPolicy(
            algorithms=("ES256",),
            rotation=max(settings.keys.rotation, 2 * lifetime + 2),
            jwks_max_age=lifetime,
            max_token_lifetime=lifetime,
            propagation=PROPAGATION,
        )
        repository = SqlKeyRepository(self.database, self.audit.record, federation_keys, "federation_keys")
        return KeyService(repository, self.vault.sealer("federation-keys"), policy, clock=self.clock.now)

    @cached_property
    def entity_keys(self) -> EntityKeys:
        """What signs entity statements."""
        service = self.federation_key_service
        lock = FiberLock(self.fibers)
        ring = LiveRing(service.load, service.open_private, self.settings.federation.statement_lifetime, lock)
        return EntityKeys(service, ring, self.clock)

    @cached_property
    def federation_store(self) -> SqlFederationStore:
        """Subordinates and trust marks."""
        return SqlFederationStore(self.database)

    @cached_property
    def authority(self) -> Authority:
        """The entities that we serve."""
        settings = self.settings.federation
        standing = Standing(
            issuer=self.settings.issuer,
            province=settings.province,
            organization_name=settings.organization_name,
            authority_hints=settings.authority_hints,
            statement_lifetime=settings.statement_lifetime,
            trust_mark_types=settings.trust_mark_types,
        )
        store = self.federation_store
        return Authority(standing, self.entity_keys, store, self.units, self.clock, self.provider_metadata)

    @cached_property
    def members(self) -> Members:
        """Who belongs to our part of the federation."""

        def end_client(client_id: str, note: str) -> None:
            self.clients.end(client_id, note=note)

        loopback = self.settings.is_loopback
        store, audit = self.federation_store, self.audit
        return Members(store, self.authority, audit, self.clock, end_client, loopback=loopback)

    @cached_property
    def own_marks(self) -> OwnMarks:
        """Trust marks of the province."""
        return OwnMarks(self.settings.issuer, self.entity_keys, self.federation_store, self.clock)

    @cached_property
    def mark_verifier(self) -> MarkVerifier:
        """Decides which marks count."""
        return MarkVerifier(self.own_marks, self.chain_finder, self.fetcher, self.clock)

    @cached_property
    def federated_clients(self) -> FederatedClients:
        """Clients that come in by a chain."""
        settings = self.settings.federation
        entry = Entry(
            settings.registration,
            settings.required_trust_marks,
            settings.client_refresh,
            self.settings.is_loopback,
            self.settings.registration.require_pkce,
            settings.anchor_units,
        )
        beside = (self.mark_verifier, KeySets(self.fetcher, self.clock), self.audit, self.clock)
        return FederatedClients(entry, self.clients, self.authority, self.chain_finder, *beside)

    @cached_property
    def explicit_registration(self) -> ExplicitRegistrationEndpoint:
        """The endpoint of explicit registration."""
        limit = HourlyLimit(self.ephemeral.counters, self.clock, "federation-register", EXPLICIT_AN_HOUR)
        return ExplicitRegistrationEndpoint(
            self.authority,
            self.entity_keys,
            self.chain_finder,
            self.federated_clients,
            limit,
            self.refusals,
            self.clock,
        )

    @property
    def client_sources(self) -> tuple[ClientSource, ...]:
        """Return the ways in for unknown clients, the federation among them where it is on."""
        federation = self.settings.federation
        is_open = federation.enabled and "automatic" in federation.registration
        return (*((self.federated_clients,) if is_open else ()), *super().client_sources)

    @cached_property
    def chain_finder(self) -> ChainFinder:
        """Finds trust chains."""
        loopback = self.settings.is_loopback
        return ChainFinder(self.fetcher, self.authority, self.trust_anchors, self.clock, loopback=loopback)

    def trust_anchors(self) -> Anchors:
        """Return whom we trust: the province itself, by the keys that it has now, and whom the settings name."""
        return {self.settings.issuer: import_jwks(self.entity_keys.jwks()), **self._foreign_anchors}

    def federation_metadata(self) -> Mapping[str, Any]:
        """Return what discovery says of the federation (section 5.1.3); nothing where it is off."""
        federation = self.settings.federation
        if not federation.enabled:
            return {}
        document: dict[str, Any] = {
            "client_registration_types_supported": list(federation.registration),
            "signed_jwks_uri": self.settings.issuer + SIGNED_KEYS_PATH,
        }
        if "explicit" in federation.registration:
            document["federation_registration_endpoint"] = self.settings.issuer + REGISTRATION_PATH
        return document

    @abstractmethod
    def provider_metadata(self) -> Mapping[str, Any]:
        """Return the provider's own discovery document, which the composition root above makes of everything below it."""

    def federation_routes(self) -> tuple[Route, ...]:
        """Return the federation's paths; none where it is off."""
        if not self.settings.federation.enabled:
            return ()
        served = self.federation_endpoints
        get, unit = ("GET",), "/federation/units/<code>"
        return (
            Route(WELL_KNOWN, get, served.configuration),
            Route("/federation/fetch", get, served.fetch),
            Route("/federation/list", get, served.subordinates),
            Route("/federation/resolve", get, served.resolve),
            Route("/federation/historical-keys", get, served.historical_keys),
            Route(SIGNED_KEYS_PATH, get, served.signed_keys),
            Route("/federation/trust-mark-status", ("POST",), served.trust_mark_status),
            Route("/federation/trust-marked", get, served.trust_marked),
            Route("/federation/trust-mark", get, served.trust_mark),
            Route(unit + WELL_KNOWN, get, served.configuration),
            Route(f"{unit}/fetch", get, served.fetch),
            Route(f"{unit}/list", get, served.subordinates),
            *self._explicit_route(),
        )

    def _explicit_route(self) -> tuple[Route, ...]:
        if "explicit" not in self.settings.federation.registration:
            return ()
        return (Route(REGISTRATION_PATH, ("POST",), self.explicit_registration.handle),)

    def federation_tasks(self) -> tuple[Task, ...]:
        """Return the regular tasks; none where it is off."""
        if not self.settings.federation.enabled:
            return ()
        return (Task("federation-keys", 60, self._turn_keys),)

    @cached_property
    def federation_endpoints(self) -> FederationEndpoints:
        """The endpoints."""
        return FederationEndpoints(
            self.authority,
            self.entity_keys,
            self.chain_finder,
            (self.own_marks, self.mark_verifier),
            self.refusals,
            self.clock,
            self._provider_keys,
        )

    def _provider_keys(self) -> Mapping[str, Any]:
        """The keys that ``/jwks`` shows, for as long as whoever reads them there may keep them."""
        return {**orjson.loads(self.young_ring().jwks.body), "exp": self.clock.now() + self.settings.jwks_max_age}

    def _turn_keys(self) -> int:
        return len(self.federation_key_service.tick(self.clock.now()).events)

    @cached_property
    def _foreign_anchors(self) -> Mapping[str, ClientKeySet]:
        return {name: self._anchor(name, path) for name, path in self.settings.federation.trust_anchors.items()}

    def _anchor(self, name: str, path: Path) -> ClientKeySet:
        place = f"IDP_FEDERATION__TRUST_ANCHORS: {name}"
        if not is_entity_id(name, loopback=self.settings.is_loopback):
            raise SettingsError(f"{place} is no entity identifier")
        try:
            return read_jwks(path.read_bytes(), lenient=False)
        except (OSError, InvalidJwk) as error:
            raise SettingsError(f"{place}: {path} is no readable JWK set: {error}") from error
