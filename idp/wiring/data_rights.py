"""The rights of people over their data: requests, and what is told about them."""

from __future__ import annotations

from abc import ABC
from functools import cached_property

from idp.flows.administration.data_requests import DataRequestAdministration, DueWarnings, telling
from idp.flows.administration.gate import Gate
from idp.flows.housekeeping import Task
from idp.services.data_requests import DataRequestService
from idp.storage.data_requests import SqlDataRequestStore
from idp.wiring.units import UnitChanges

_WARN_EVERY = 900


class DataRights(UnitChanges, ABC):
    """Requests of people about their data."""

    @cached_property
    def data_requests(self) -> DataRequestService:
        """Requests."""
        seal, terms = self.vault.seal("data-requests"), self.settings.data_rights.terms()
        store = SqlDataRequestStore(self.database, seal.seal, seal.unseal)
        return DataRequestService(store, self.notices, self.audit, self.clock, terms)

    def data_request_administration(self, gate: Gate) -> DataRequestAdministration:
        """Return the officers' use cases."""
        return DataRequestAdministration(gate, self.clients, self.accounts, self.data_requests, self.clock)

    def data_right_tasks(self, gate: Gate, requests: DataRequestAdministration) -> tuple[Task, ...]:
        """Return the regular task that warns of what is due."""
        warnings = DueWarnings(gate, requests, self.data_requests)
        tell = telling(self.notices)
        return (Task("data requests", _WARN_EVERY, lambda: warnings.run(tell, self.clock.now())),)
