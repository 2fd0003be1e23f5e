"""The pages about mandates."""

from __future__ import annotations

from idp.endpoints.appointing import AN_HOUR, AppointingPages
from idp.endpoints.mandates import HOME, MandatePages, MandateServices
from idp.endpoints.routes import Route
from idp.flows.hourly import HourlyLimit
from idp.wiring.desks import Desks


class ActingPages(Desks):
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
        )
