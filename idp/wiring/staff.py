"""Officials and their departments' directories, made of settings and services; nothing of LDAP is loaded where no directory is configured."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property

from idp.clock import Clock
from idp.config.directories import Directory as Source
from idp.endpoints.steps.directory import DirectoryChoice, DirectoryWay
from idp.endpoints.steps.way import StepDesk, Way
from idp.errors import Refused, SettingsError
from idp.fibers import Fibers
from idp.flows.comparing import DirectoryComparer
from idp.flows.housekeeping import Task
from idp.flows.staff_sign_in import StaffSignIn
from idp.flows.throttling import SignInThrottle
from idp.ports.directories import Directory
from idp.services.locks import Ground
from idp.services.officials import OfficialService, Terms
from idp.wiring.qr import QrDesk
from policies.locks import Reason
from policies.officials.comparison import Brake
from policies.officials.roles import RoleRule

_LOOK_EVERY = 300
_ASKED_EVERY = 5


class StaffRooms(QrDesk):
    """Directories, officials, comparisons and the way by which staff sign in."""

    @cached_property
    def directories(self) -> Mapping[str, Directory]:
        """The directories by name, in the order of the settings; raises ``SettingsError`` where ldap3 is not installed."""
        sources = self.settings.directories.sources
        return {source.name: _directory(source, self.fibers, self.clock) for source in sources}

    @cached_property
    def officials(self) -> OfficialService:
        """Accounts of officials."""
        return OfficialService(
            self.official_store,
            self.account_store,
            self.roles,
            self._terms_of_directories(),
            self.vault,
            self.audit,
            self.clock,
            self._close_official,
            self._reopen_official,
        )

    @cached_property
    def comparer(self) -> DirectoryComparer:
        """Movers and leavers."""
        settings = self.settings.directories
        brake = Brake(settings.brake_percent, settings.brake_spare)
        store = self.official_store
        return DirectoryComparer(
            *(self.directories, self.officials, store, brake, settings.compare_hour, self.audit, self.clock)
        )

    @cached_property
    def staff_sign_in(self) -> StaffSignIn:
        """The sign-in of officials."""
        index, settings = self.vault.index("throttle", "sign-in"), self.settings.throttle
        knocks = SignInThrottle(
            *(self.ephemeral.counters, self.clock, index.digest, settings.limits()),
            enabled=settings.enabled,
            lane="staff",
        )
        begin = self.sign_in.with_proof
        return StaffSignIn(
            self.directories, self.officials, begin, self.sign_in_guard, knocks, self.staff_watch.ends_now, self.audit
        )

    def staff_ways(self, desk: StepDesk) -> tuple[Way, ...]:
        """Return the way of officials; where there is no directory it is not offered."""
        choices = tuple(DirectoryChoice(one.name, one.title) for one in self.settings.directories.sources)
        return (DirectoryWay(desk, self.staff_sign_in, choices),)

    def staff_tasks(self) -> tuple[Task, ...]:
        """Return the nightly comparison, and the dry runs that administrators ask for."""
        if not self.settings.directories.sources:
            return ()
        asked = Task("directory-dry-runs", _ASKED_EVERY, self.administration.directories.run_asked, apart=True)
        return (Task("directories", _LOOK_EVERY, self.comparer.nightly), asked)

    def _terms_of_directories(self) -> dict[str, Terms]:
        return {
            source.name: Terms(
                _rules(source),
                source.units_as_of.isoformat() if source.units_as_of else "",
                source.identity_level,
                source.unit,
                source.units_within,
            )
            for source in self.settings.directories.sources
        }

    def _close_official(self, account_id: str, why: str) -> None:
        """Lock on the directory's word; whoever is closed or merged already has no way in."""
        with suppress(Refused):
            self.locks.lock(account_id, Ground(Reason.DIRECTORY, why), actor="system")

    def _reopen_official(self, account_id: str) -> None:
        """End the directory's lock, and no other."""
        with suppress(Refused):
            self.locks.unlock(account_id, reason="listed_again", code=Reason.DIRECTORY, actor="system")


def _directory(source: Source, fibers: Fibers, clock: Clock) -> Directory:
    """Return a directory; ldap3 is an optional extra, and loaded when it is needed."""
    try:
        from idp.directories.directory import LdapDirectory  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise SettingsError("directories need ldap3: install dinhdanh[ldap]", field="IDP_DIRECTORIES") from error
    return LdapDirectory(source, fibers, clock)


def _rules(source: Source) -> tuple[RoleRule, ...]:
    """Return the mapping of a directory with groups in their normal form; raises ``SettingsError`` for a group that is no name."""
    from idp.directories.filters import normal_dn  # noqa: PLC0415 - an optional extra

    try:
        return tuple(RoleRule(normal_dn(row.group), row.role, row.unit, row.begins, row.ends) for row in source.roles)
    except ValueError as error:
        raise SettingsError(f"directory {source.name}: {error}", field="IDP_DIRECTORIES__SOURCES") from error
