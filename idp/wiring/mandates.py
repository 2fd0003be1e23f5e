"""Acting for others: mandates over the stores, and what the protocol asks of them."""

from __future__ import annotations

from functools import cached_property

from idp.flows.housekeeping import Task
from idp.services.mandates import MandateService
from idp.storage.mandates import SqlMandateStore
from idp.wiring.messages import Messages


class Mandated(Messages):
    """Mandates, over people."""

    @cached_property
    def mandate_store(self) -> SqlMandateStore:
        """Mandates in SQL."""
        return SqlMandateStore(self.database)

    @cached_property
    def mandates(self) -> MandateService:
        """Who acts for whom."""
        return MandateService(self.mandate_store, self.accounts, self.audit, self.clock, self.vault.seal("mandate"))

    def mandate_tasks(self) -> tuple[Task, ...]:
        """Return the regular tasks."""
        return (Task("mandates", 60, self.mandates.expire),)
