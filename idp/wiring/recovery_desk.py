"""The pages of recoveries."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from idp.endpoints.counter import CounterPages
from idp.endpoints.desk import Desk
from idp.endpoints.door import Door
from idp.endpoints.not_me import NotMePages
from idp.endpoints.recovery import RecoveryPages
from idp.endpoints.routes import Route
from idp.errors import NotFound
from idp.flows.not_me import NotMe, Tools
from idp.flows.recovery import RecoveryFlow
from idp.model.upstream import LinkEnd
from idp.services.upstream_links import PROVEN
from idp.wiring.staff import StaffRooms


class RecoveryDesk(StaffRooms):
    """Coming back from a browser."""

    @cached_property
    def recovery_flow(self) -> RecoveryFlow:
        """The steps of a recovery."""
        return RecoveryFlow(
            *(self.recoveries, self.accounts, self.credentials, self.factors, self.recovery_throttle, self.audit),
            *(self._is_linked, self._unlink_proven),
        )

    def _is_linked(self, account_id: str, upstream: str, since: int) -> bool:
        links = self.upstream_links.of_account(account_id)
        return any(one.upstream == upstream and one.created_at <= since for one in links)

    def _unlink_proven(self, account_id: str, kept: str) -> None:
        for one in self.upstream_links.of_account(account_id):
            if one.how == PROVEN and one.upstream != kept:
                with suppress(NotFound):
                    self.upstream_links.end(account_id, one.upstream, LinkEnd.RECOVERED, f"account:{account_id}")

    @cached_property
    def not_me(self) -> NotMe:
        """What follows when a person does not know a sign-in."""
        return NotMe(
            Tools(
                *(self.sessions, self.devices, self.locks, self.account_marks, self.credentials),
                *(self.notices, self.audit, self.clock),
                *(self._added_since, self.recoveries),
            )
        )

    def _added_since(self, account_id: str, moment: int) -> tuple[str, ...]:
        """Return what an account can be opened by since a moment (epoch seconds), but for the password, which is replaced anyway."""
        enrolled = (one for one in self.factors.enrolled(account_id) if one.factor != "password")
        factors = (one.factor for one in enrolled if one.created_at >= moment)
        links = self.upstream_links.of_account(account_id) if self.doors else []
        return (*factors, *(link.upstream for link in links if link.created_at >= moment))

    def counter_routes(self, desk: Desk, door: Door) -> tuple[Route, ...]:
        """Return the page of staff at the counter."""
        acts = self.administration
        pages = CounterPages(desk, door, self.administrators, acts.accounts, acts.recoveries, acts.approvals)
        return (Route("/counter", ("GET", "POST"), pages.handle),)

    def not_me_routes(self, desk: Desk, door: Door) -> tuple[Route, ...]:
        """Return the page on which it is said."""
        pages = NotMePages(
            *(desk, door, self.not_me, self.pending, self.factors.of, self.sessions.of_cookie),
            fresh=self.settings.factors.fresh,
        )
        return (Route("/account/not-me/<record>", ("GET", "POST"), pages.handle),)

    def recovery_pages(self, desk: Desk) -> RecoveryPages:
        """Return the pages of who cannot sign in any more."""
        again = self.upstream_recovery(self.recovery_flow)
        offers = self.upstream_offers()
        return RecoveryPages(desk, self.recovery_flow, again, offers, is_remote=self.settings.recovery.remote)

    @staticmethod
    def recovery_routes(pages: RecoveryPages) -> tuple[Route, ...]:
        """Return where they are."""
        both = ("GET", "POST")
        return (
            Route("/recover", both, pages.start),
            Route("/recover/activate", both, pages.activate),
            Route("/recover/cancel", both, pages.cancel),
        )
