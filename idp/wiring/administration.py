"""Administration, made of settings and services."""

from __future__ import annotations

from abc import ABC
from functools import cached_property

from idp.services.admins import AdminService
from idp.services.approvals import ApprovalService
from idp.storage.administration import SqlAdminStore
from idp.storage.approvals import SqlApprovalStore
from idp.wiring.federation import FederationDesk


class AdministrationDesk(FederationDesk, ABC):
    """Who administers what, over everything that can be administered."""

    @cached_property
    def admins(self) -> AdminService:
        """Grants of administration."""
        return AdminService(SqlAdminStore(self.database), self.units, self.audit, self.clock)

    @cached_property
    def approvals(self) -> ApprovalService:
        """Acts that wait for a second person."""
        lifetime = self.settings.administration.approval_lifetime
        return ApprovalService(SqlApprovalStore(self.database), self.audit, self.clock, lifetime)
