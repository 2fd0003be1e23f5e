"""Acting for others: mandates over the stores, and what the protocol asks of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from idp.clock import local_day
from idp.flows.capacities import Capacities
from idp.flows.housekeeping import Task
from idp.services.acting import ActingClaims
from idp.services.mandates import MandateService
from idp.storage.mandates import SqlMandateStore
from idp.wiring.messages import Messages
from policies.units import Holding


class Mandated(Messages):
    """Mandates, over people."""

    @cached_property
    def mandate_store(self) -> SqlMandateStore:
        """Mandates in SQL."""
        return SqlMandateStore(self.database)

    @cached_property
    def mandates(self) -> MandateService:
        """Who acts for whom."""
        seal = self.vault.seal("mandate")
        return MandateService(self.mandate_store, self.accounts, self.audit, self.clock, seal, self.notices)

    @cached_property
    def acting(self) -> ActingClaims:
        """What tokens say of mandates."""
        return ActingClaims(self.mandates, self.subjects, self.vault)

    @cached_property
    def capacities(self) -> Capacities:
        """As whom people act."""
        return Capacities(self.mandates, self.acting)

    def mandated_units(self) -> Iterable[Holding]:
        """Return which mandates hang on units."""
        for mandate_id, code, since in self.mandate_store.at_units():
            yield Holding("mandate", mandate_id, code, local_day(since))

    def mandate_tasks(self) -> tuple[Task, ...]:
        """Return the regular tasks."""
        return (Task("mandates", 60, self.mandates.expire),)
