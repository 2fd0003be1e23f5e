"""What stands between people and those who guess: counters, locks, and who is staff."""

from __future__ import annotations

from functools import cached_property

from idp.flows.guard import SignInGuard
from idp.flows.housekeeping import Task
from idp.flows.staff import Registers
from idp.flows.staff_watch import StaffWatch, Tools
from idp.flows.throttling import FactorThrottle, SignInThrottle
from idp.model.notice import Topic
from idp.ports.locks import LockRow
from idp.ports.staff import StaffRegister
from idp.services.admins import AdminService
from idp.services.locks import AccountLocks
from idp.storage.administration import SqlAdminStore
from idp.storage.locks import SqlLockStore
from idp.storage.staff_watch import SqlStaffWatchStore
from idp.wiring.mandates import Mandated
from policies.locks import Reason


class Guarding(Mandated):
    """Throttles and locks, over the services of people."""

    @cached_property
    def sign_in_throttle(self) -> SignInThrottle:
        """The counters of sign-ins."""
        index, settings = self.vault.index("throttle", "sign-in"), self.settings.throttle
        return SignInThrottle(
            self.ephemeral.counters, self.clock, index.digest, settings.limits(), enabled=settings.enabled
        )

    @cached_property
    def factor_throttle(self) -> FactorThrottle:
        """The counters of what stands behind the password."""
        return FactorThrottle(self.sign_in_throttle, self.devices.is_sure)

    @cached_property
    def admins(self) -> AdminService:
        """Grants of administration."""
        return AdminService(SqlAdminStore(self.database), self.units, self.audit, self.clock)

    @cached_property
    def staff_register(self) -> StaffRegister:
        """Who is staff, by every register of roles that there is."""
        return Registers((self.admins, self.roles))

    @cached_property
    def locks(self) -> AccountLocks:
        """Locks of accounts."""
        return AccountLocks(
            SqlLockStore(self.database),
            self.accounts,
            self.sessions,
            self.audit,
            self.clock,
            lambda account_id: self.sign_in_throttle.forget(f"account:{account_id}"),
            self._tell_of_lock,
        )

    def _tell_of_lock(self, account_id: str, what: str, lock: LockRow) -> None:
        topic = Topic.ACCOUNT_LOCKED if what == "locked" else Topic.ACCOUNT_UNLOCKED
        if what == "locked" and lock.reason_code == Reason.DISUSE:
            topic = Topic.STAFF_UNUSED_ENDED
        self.notices.tell(account_id, topic)

    def _is_administrator(self, account_id: str) -> bool:
        return self.admins.is_staff(account_id)

    @cached_property
    def staff_watch(self) -> StaffWatch:
        """Unused accounts of staff, and old passwords of administrators."""
        staff = self.settings.staff
        tools = Tools(
            *(SqlStaffWatchStore(self.database), self.admins, self.locks, self.credentials, self.notices, self.clock)
        )
        return StaffWatch(tools, staff.unused, staff.admin_password)

    def _password_changed(self, account_id: str) -> None:
        """Whoever knew the old password knows this one not: the sign-in opens again."""
        self.locks.open_sign_in(account_id, "password_changed", Reason.NOT_ME)

    @cached_property
    def sign_in_guard(self) -> SignInGuard:
        """What counts a sign-in before it is looked at."""
        return SignInGuard(
            *(self.sign_in_throttle, self.locks, self.staff_register, self.devices.is_known, self.clock),
            staff_lock=self.settings.throttle.staff_lock,
        )

    def guarding_tasks(self) -> tuple[Task, ...]:
        """Return the regular tasks."""
        return (Task("locks", 30, self.locks.end_due),)
