"""Who has which role in which office, over the stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from idp.services.officials import office_of
from idp.services.roles import RoleService
from idp.storage.officials import SqlOfficialStore
from idp.storage.roles import SqlRoleStore
from idp.wiring.auditing import Auditing
from policies.units import Holding


class Officeholders(Auditing):
    """Roles and links of officials."""

    @cached_property
    def official_store(self) -> SqlOfficialStore:
        """Links to directories."""
        return SqlOfficialStore(self.database)

    @cached_property
    def role_store(self) -> SqlRoleStore:
        """Role assignments."""
        return SqlRoleStore(self.database)

    @cached_property
    def roles(self) -> RoleService:
        """Roles of officials."""
        links = self.official_store
        return RoleService(
            self.role_store,
            self.units,
            self.agency_names,
            lambda account_id: office_of(links.of_account(account_id)),
            self.audit,
            self.clock,
        )

    @property
    def agency_names(self) -> Mapping[str, str]:
        """Names of agencies that the register of units does not hold; of two directories that name one the first counts."""
        sources = reversed(self.settings.directories.sources)
        return {code: name for source in sources for code, name in source.unit_names.items()}

    def held_offices(self) -> Iterable[Holding]:
        """Return how many roles hang on each unit."""
        for code, since, count in self.role_store.by_unit():
            if since:
                yield Holding("role", "", code, since, count)
