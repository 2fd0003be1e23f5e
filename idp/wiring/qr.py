"""The sign-in by QR code."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import cached_property

from idp.endpoints.departments import Departments
from idp.endpoints.desk import Desk
from idp.endpoints.door import Door
from idp.endpoints.qr import QrPages
from idp.endpoints.routes import Route
from idp.endpoints.steps.qr import QrWay
from idp.endpoints.steps.way import StepDesk, Way
from idp.flows.qr_sign_in import QrSignIns, Terms
from idp.wiring.upstream import Upstreams

Person = Callable[[str], Mapping[str, str]]


class QrDesk(Upstreams):
    """The way and the pages of the sign-in by QR code, where it is offered."""

    @cached_property
    def qr_sign_ins(self) -> QrSignIns:
        """Requests of screens that phones answer."""
        box, settings = self.vault.seal("transaction"), self.settings.qr
        return QrSignIns(
            *(self.ephemeral.transactions, self.pending, self.accounts, self.sessions, self.audit, self.clock),
            *(Terms(settings.lifetime, settings.fresh), box.seal, box.unseal, secrets.randbelow),
        )

    def qr_ways(self, desk: StepDesk, person: Person) -> tuple[Way, ...]:
        """Return the way through the step of signing in."""
        if not self.settings.qr.enabled:
            return ()
        return (QrWay(desk, self.qr_sign_ins, person, self.settings.issuer),)

    def qr_routes(self, desk: Desk, door: Door, departments: Departments, person: Person) -> tuple[Route, ...]:
        """Return the pages of the phone, and what the screen asks."""
        if not self.settings.qr.enabled:
            return ()
        pages = QrPages(desk, door, self.qr_sign_ins, self.pending, departments, person, self.clock)
        return (
            Route("/signin/<transaction>/qr", ("GET",), pages.state),
            Route("/qr/<handle>", ("GET", "POST"), pages.handle),
        )
