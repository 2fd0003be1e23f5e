"""Administration, made of settings and services."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property, partial
from typing import Any

from idp.authn.password import SHORTEST
from idp.config.level_three import facts_of
from idp.config.origins import effective
from idp.endpoints.api.caller import Callers
from idp.endpoints.api.endpoint import ApiEndpoint
from idp.endpoints.api.table import SHAPES as API_SHAPES
from idp.endpoints.api.table import table as api_table
from idp.endpoints.routes import Route
from idp.flows.administration.account_states import AccountStates
from idp.flows.administration.accounts import AccountAdministration
from idp.flows.administration.acts import Act
from idp.flows.administration.administrator import Administrators
from idp.flows.administration.admins import AdminAdministration
from idp.flows.administration.approvals import ApprovalAdministration
from idp.flows.administration.audit import AuditAdministration
from idp.flows.administration.audit_proofs import AuditProofs, Keepers
from idp.flows.administration.client_changes import ClientChanges
from idp.flows.administration.client_tests import ClientTests
from idp.flows.administration.clients import ClientAdministration
from idp.flows.administration.configuration import Configuration
from idp.flows.administration.consents import ConsentAdministration
from idp.flows.administration.directories import DirectoryAdministration
from idp.flows.administration.exports import Exports
from idp.flows.administration.gate import Gate
from idp.flows.administration.indicators import IndicatorAdministration
from idp.flows.administration.keys import KeyAdministration
from idp.flows.administration.mandates import STRANGERS_AN_HOUR, MandateAdministration
from idp.flows.administration.purpose_corrections import PurposeCorrections
from idp.flows.administration.recoveries import RecoveryAdministration
from idp.flows.administration.reorganisations import ReorganisationAdministration
from idp.flows.administration.settings import SettingsAdministration
from idp.flows.administration.simulation import Simulation
from idp.flows.administration.unit_decisions import UnitDecisions
from idp.flows.administration.units import UnitAdministration
from idp.flows.administration.unused import UnusedAccounts
from idp.flows.administration.upstreams import UpstreamAdministration
from idp.flows.administration.use_cases import UseCases
from idp.flows.hourly import HourlyLimit
from idp.protocol.bearer import AccessTokens
from idp.protocol.challenges import Challenges
from idp.protocol.protected_resources import metadata_url
from idp.protocol.resources import API_PATH
from idp.services.admins import AdminService
from idp.services.approvals import ApprovalService
from idp.services.idempotency import Idempotency
from idp.storage.administration import SqlAdminStore
from idp.storage.approvals import SqlApprovalStore
from idp.storage.client_history import SqlClientHistory
from idp.storage.clients import SqlClientRepository
from idp.storage.configuration import ConfiguredStores, SqlConfigurationStore
from idp.storage.idempotency import SqlAnswerStore
from idp.storage.initial_tokens import SqlInitialTokenStore
from idp.wiring.auditing import known_witnesses
from idp.wiring.configuring import configured_parts
from idp.wiring.data_rights import DataRights
from idp.wiring.drilling import drill_orders_of
from idp.wiring.measuring import indicators_of
from idp.wiring.simulating import simulation_sources, trial_of


class AdministrationDesk(DataRights, ABC):
    """Who administers what, over everything that can be administered."""

    @cached_property
    def approvals(self) -> ApprovalService:
        """Acts that wait for a second person."""
        lifetime = self.settings.administration.approval_lifetime
        return ApprovalService(SqlApprovalStore(self.database), self.audit, self.clock, lifetime)

    @cached_property
    def gate(self) -> Gate:
        """What every use case asks."""
        return Gate(self.admins, self.approvals, self.audit, self.clock)

    @cached_property
    def administrators(self) -> Administrators:
        """Makes the administrator of a request."""
        return Administrators(self.admins)

    @cached_property
    def administration(self) -> UseCases:
        """The use cases."""
        gate, registry = self.gate, self.clients
        clients = ClientAdministration(gate, self.client_names, self.units, self.audit, SqlClientHistory(self.database))
        changes = ClientChanges(gate, clients, registry, self.sector_documents.check)
        corrections = PurposeCorrections(gate, clients, registry)
        keys = KeyAdministration(gate, self.key_service, drill_orders_of(self), self.clock)
        people = AccountAdministration(gate, self.accounts, self.credentials, self.sessions, self.audit)
        states = AccountStates(gate, people, self.accounts, self.credentials, self.sessions, self.locks)
        recoveries = RecoveryAdministration(gate, people, self.accounts, self.recoveries)
        admins = AdminAdministration(gate, self.admins, self.accounts, registry, self.clock)
        units = UnitAdministration(gate, self.units, self.reorganisations)
        strangers = HourlyLimit(self.ephemeral.counters, self.clock, "strangers", STRANGERS_AN_HOUR)
        mandates = MandateAdministration(gate, people, self.accounts, self.mandates, strangers)
        waiting = (clients, changes, corrections, keys, states, mandates, admins, recoveries, self._changes_of_units)
        acts: dict[str, Act] = {name: act for one in waiting for name, act in one.acts().items()}
        return UseCases(
            clients=clients,
            client_changes=changes,
            purpose_corrections=corrections,
            keys=keys,
            consents=ConsentAdministration(gate, self.client_names, self.consents, self.way_of_signals, self.clock),
            **self.data_right_cases(gate),
            accounts=people,
            account_states=states,
            mandates=mandates,
            recoveries=recoveries,
            units=units,
            unit_decisions=UnitDecisions(units, clients, changes, admins),
            admins=admins,
            approvals=ApprovalAdministration(
                *(gate, self.admins, self.approvals, acts, self.client_names), self.locks.is_free
            ),
            audit=self._audit_search,
            exports=Exports(gate),
            client_tests=ClientTests(gate, clients, trial_of(self).run),
            simulation=Simulation(people, clients, self.consents, self.locks, simulation_sources(self), self.clock),
            settings=self._settings_use_case(clients),
            **self._operating(people),
        )

    def _settings_use_case(self, clients: ClientAdministration) -> SettingsAdministration:
        settings = self.settings
        facts = partial(facts_of, settings, shortest_password=SHORTEST)
        return SettingsAdministration(self.gate, clients, partial(effective, settings), facts)

    def _operating(self, people: AccountAdministration) -> dict[str, Any]:
        """Return the use cases of running the deployment, by their names in ``UseCases``."""
        return {
            "unused": UnusedAccounts(self.gate, people, self.accounts, self.staff_watch),
            "indicators": IndicatorAdministration(self.gate, indicators_of(self), self.clients, self.clock),
            "directories": self.directory_administration(),
            "upstreams": self.upstream_administration(),
            "reorganisations": self._changes_of_units,
            "audit_proofs": self._proofs(),
        }

    @cached_property
    def _changes_of_units(self) -> ReorganisationAdministration:
        drafts = self.ephemeral.transactions
        return ReorganisationAdministration(self.gate, self.reorganisations, self.units, drafts, self.clock)

    @cached_property
    def _audit_search(self) -> AuditAdministration:
        return AuditAdministration(self.gate, self.clients, self.accounts, self.audit)

    def _proofs(self) -> AuditProofs:
        heads, store, bundles = self.audit_heads, self.audit_head_store, self.audit_bundles
        keepers = Keepers(heads, store, bundles, lambda: known_witnesses(self))
        return AuditProofs(self.gate, self._audit_search, keepers, self.audit, self.clock)

    @abstractmethod
    def directory_administration(self) -> DirectoryAdministration:
        """Return the use cases of directories, which are made above."""

    @abstractmethod
    def upstream_administration(self) -> UpstreamAdministration:
        """Return the use cases of upstreams, which are made above."""

    @cached_property
    def configuration(self) -> Configuration:
        """Configuration as code."""
        clients, grants = SqlClientRepository(self.database, self.audit.record), SqlAdminStore(self.database)
        stores = ConfiguredStores(
            clients, grants, self.federation_store, self.signal_store, SqlInitialTokenStore(self.database)
        )
        return Configuration(
            clients,
            grants,
            SqlConfigurationStore(self.database, stores),
            self.registry_over,
            lambda store: AdminService(store, self.units, self.audit, self.clock),
            self.sector_documents.check,
            configured_parts(self, stores),
            self.clock,
        )

    @cached_property
    def api(self) -> ApiEndpoint:
        """The Admin API."""
        issuer, settings = self.settings.issuer, self.settings.administration
        access = AccessTokens(self.verifier, self.ring, issuer, self.clock, issuer + API_PATH)
        limit = HourlyLimit(self.ephemeral.counters, self.clock, "api", settings.requests_per_minute, stretch=60)
        return ApiEndpoint(
            issuer,
            api_table(self.administration),
            API_SHAPES,
            Callers(
                *(access, self.tokens, self.clients, self.senders, self.administrators, self.clock, settings.max_age)
            ),
            Idempotency(SqlAnswerStore(self.database), self.clock, self.vault.seal("api-answer")),
            Challenges(metadata_url(issuer, API_PATH)),
            self.refusals,
            self.senders.nonce_headers,
            limit.count,
        )

    def api_routes(self) -> tuple[Route, ...]:
        """Return the paths of the Admin API."""
        methods = ("GET", "POST", "PUT", "DELETE", "PATCH")
        return (
            Route(API_PATH, ("GET",), self.api.description),
            Route(f"{API_PATH}/openapi.json", ("GET",), self.api.description),
            Route(f"{API_PATH}/<path:rest>", methods, self.api.handle),
        )
