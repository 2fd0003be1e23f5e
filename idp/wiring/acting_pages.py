"""The pages about mandates."""

from __future__ import annotations

from functools import cached_property

from idp.endpoints.appointing import AN_HOUR, AppointingPages
from idp.endpoints.assist import PATH as ASSIST
from idp.endpoints.assist import AssistPages
from idp.endpoints.mandates import HOME, MandatePages, MandateServices
from idp.endpoints.routes import Route
from idp.flows.assisting import AN_HOUR as ASSISTANCES
from idp.flows.assisting import Assisting
from idp.flows.hourly import HourlyLimit
from idp.ports.duties import Duties
from idp.services.duties import AllDuties, MandatedDuties, RoleDuties
from idp.wiring.security import SecurityDesk


class ActingPages(SecurityDesk):
    """Mandates, over the desks."""

    def mandate_routes(self) -> tuple[Route, ...]:
        """Return the pages of people about their own mandates."""
        services = MandateServices(self.mandates, self.sessions, self.mandate_views)
        pages = MandatePages(self.desk, self.door, services)
        limit = HourlyLimit(self.ephemeral.counters, self.clock, "appointments", AN_HOUR)
        appointing = AppointingPages(
            *(self.desk, self.door, self.mandates, self.mandate_views, self.accounts.for_sign_in, limit, self.audit),
            self.clock,
        )
        both = ("GET", "POST")
        return (
            Route(HOME, ("GET",), pages.home),
            Route(f"{HOME}/capacity", ("POST",), pages.switch),
            Route(f"{HOME}/new", both, appointing.handle),
            Route(f"{HOME}/<mandate_id>", both, pages.one),
            *self._assist_routes(),
        )

    @cached_property
    def duties(self) -> Duties:
        """Who has the duty to assist citizens, by every register that there is; another is one line."""
        by_role = RoleDuties(self.roles, self.settings.assistance_roles)
        return AllDuties((MandatedDuties(self.mandates, self.accounts), by_role))

    @cached_property
    def assisting(self) -> Assisting:
        """The assistance of citizens by clerks."""
        return Assisting(
            self.mandate_store,
            self.accounts,
            self.sessions,
            self.duties,
            self.notices,
            self.audit,
            self.clock,
            HourlyLimit(self.ephemeral.counters, self.clock, "assistances", ASSISTANCES),
            self.vault.seal("mandate"),
            self.vault.data_key("mandate").derive("document"),
        )

    def _assist_routes(self) -> tuple[Route, ...]:
        pages = AssistPages(
            self.desk,
            self.door,
            self.sessions,
            self.assisting,
            self.departments,
            self.clients.all,
            self.mandate_views,
            self._state_cookies,
            self.settings.issuer,
            self.goodbye,
        )
        return (Route(ASSIST, ("GET", "POST"), pages.handle), Route(f"{ASSIST}/end", ("POST",), pages.end))
