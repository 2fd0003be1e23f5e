"""The rights of people over their data: requests, withdrawals, and who is told of them."""

from __future__ import annotations

from abc import ABC
from functools import cached_property
from typing import Any

from idp.flows.administration.breaches import BreachAdministration
from idp.flows.administration.data_requests import DataRequestAdministration, DueWarnings, telling
from idp.flows.administration.gate import Gate
from idp.flows.administration.protection import ProtectionAdministration, Retention
from idp.flows.administration.words import ClientNames
from idp.flows.housekeeping import Task
from idp.model.signal import StreamStatus
from idp.services.breaches import BreachCollector
from idp.services.data_requests import DataRequestService
from idp.services.units import owner_of
from idp.storage.audit import SqlAuditStore
from idp.storage.consents import SqlConsentStore
from idp.storage.data_requests import SqlDataRequestStore
from idp.storage.protection import SqlProtectionFigures
from idp.storage.signals import SqlSignalStore
from idp.wiring.units import UnitChanges
from policies.signals import CONSENT_WITHDRAWN

_WARN_EVERY = 900


class DataRights(UnitChanges, ABC):
    """Requests of people about their data."""

    @cached_property
    def signal_store(self) -> SqlSignalStore:
        """Streams and queues in SQL."""
        sealed = self.vault.seal("signals")
        return SqlSignalStore(self.database, sealed.seal, sealed.unseal)

    def way_of_signals(self, client_id: str) -> str:
        """Return how a withdrawal gets to a system: its stream takes it, its stream stands still, or there is none."""
        streams = [one for one in self.signal_store.streams(client_id) if CONSENT_WITHDRAWN in one.events]
        if any(one.status is StreamStatus.ENABLED for one in streams):
            return "waiting"
        return "paused" if any(one.status is StreamStatus.PAUSED for one in streams) else "no_way"

    @cached_property
    def data_requests(self) -> DataRequestService:
        """Requests."""
        seal, terms = self.vault.seal("data-requests"), self.settings.data_rights.terms()
        store = SqlDataRequestStore(self.database, seal.seal, seal.unseal)
        return DataRequestService(store, self.notices, self.audit, self.clock, terms)

    @cached_property
    def client_names(self) -> ClientNames:
        """Finds systems by their names, for every list that has systems in it."""
        return ClientNames(self.clients)

    def data_request_administration(self, gate: Gate) -> DataRequestAdministration:
        """Return the officers' use cases."""
        return DataRequestAdministration(gate, self.client_names, self.accounts, self.data_requests, self.clock)

    @cached_property
    def breach_collector(self) -> BreachCollector:
        """What walks the log after a breach."""
        return BreachCollector(
            SqlAuditStore(self.database), SqlConsentStore(self.database), self.audit_archive.archived()
        )

    def breach_administration(self, gate: Gate) -> BreachAdministration:
        """Return what officers collect after a breach."""
        return BreachAdministration(
            *(gate, self.clients, self.accounts, self.units, self.key_service.rows, self.breach_collector, self.clock)
        )

    def protection_administration(self, gate: Gate) -> ProtectionAdministration:
        """Return the figures and the record of processing."""
        retention = Retention(self.settings.lifetimes.refresh_token // 86400)
        figures = SqlProtectionFigures(self.database)
        return ProtectionAdministration(
            *(gate, self.client_names, figures, lambda client: self.units.name(owner_of(client)), retention, self.clock)
        )

    def data_right_cases(self, gate: Gate) -> dict[str, Any]:
        """Return the use cases of data protection, by their names in ``UseCases``."""
        return {
            "data_requests": self.data_request_administration(gate),
            "protection": self.protection_administration(gate),
            "breaches": self.breach_administration(gate),
        }

    def data_right_tasks(self, gate: Gate, requests: DataRequestAdministration) -> tuple[Task, ...]:
        """Return the regular task that warns of what is due."""
        warnings = DueWarnings(gate, requests, self.data_requests)
        tell = telling(self.notices)
        return (Task("data requests", _WARN_EVERY, lambda: warnings.run(tell, self.clock.now())),)
