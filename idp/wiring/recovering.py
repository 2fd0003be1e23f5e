"""Recoveries of accounts, over locks and sessions."""

from __future__ import annotations

from functools import cached_property

from idp.flows.throttling import SignInThrottle
from idp.services.recoveries import RecoveryService, Times
from idp.storage.recoveries import SqlRecoveryStore
from idp.wiring.contacts import Contacts
from policies.locks import Reason


class Recovering(Contacts):
    """How people come back to their account."""

    @cached_property
    def recoveries(self) -> RecoveryService:
        """Recoveries."""
        settings = self.settings.recovery
        return RecoveryService(
            SqlRecoveryStore(self.database),
            *(self.accounts, self.sessions, self.staff_register, self.notices, self.audit, self.clock),
            key=self.vault.data_key("factors").derive("recovery"),
            times=Times(settings.cooling, settings.activation),
            unlock=lambda account_id: self.locks.open_sign_in(
                account_id, "recovered", Reason.FAILED_TRIES, Reason.NOT_ME
            ),
        )

    @cached_property
    def recovery_throttle(self) -> SignInThrottle:
        """The counters of recoveries, apart from those of sign-ins."""
        index, settings = self.vault.index("throttle", "recovery"), self.settings.throttle
        return SignInThrottle(
            *(self.ephemeral.counters, self.clock, index.digest, settings.limits()),
            enabled=settings.enabled,
            lane="recovery",
        )
