"""The pages on which people look after their factors."""

from __future__ import annotations

from typing import Final

from idp.endpoints.routes import Route
from idp.endpoints.security.authenticator_app import AppPage
from idp.endpoints.security.overview import OverviewPage
from idp.endpoints.security.passkeys import PasskeyPages
from idp.endpoints.security.password import PasswordPage
from idp.endpoints.security.recovery_codes import RecoveryCodesPage
from idp.endpoints.security.removal import RemovalPage
from idp.endpoints.security.room import HOME, Room
from idp.endpoints.security.trust import TrustPage
from idp.endpoints.security.waiting_recovery import PATH as WAITING
from idp.endpoints.security.waiting_recovery import WaitingRecoveryPage
from idp.endpoints.security.ways_in import WayInPage
from idp.endpoints.steps.enrol import EnrolAppWay, EnrolPasskeyWay
from idp.endpoints.steps.way import Way
from idp.protocol.wire import redirect
from idp.wiring.desks import Desks

_MANAGERS_ADDRESS: Final = "/.well-known/change-password"
"""Where password managers look for the page on which a password is changed (W3C, A Well-Known URL for Changing Passwords, section 3)."""


class SecurityDesk(Desks):
    """``/account/security``."""

    def ways(self) -> tuple[Way, ...]:
        """Return every way, those of enrolling among them."""
        desk, changes = self.step_desk, self.factor_changes
        return (
            *super().ways(),
            EnrolPasskeyWay(desk, self.sign_in, changes, self.passkeys, self.person),
            EnrolAppWay(desk, self.sign_in, changes, self.person),
        )

    def security_routes(self) -> tuple[Route, ...]:
        """Return the pages."""
        fresh = self.settings.factors.fresh
        room = Room(self.desk, self.door, self.factor_changes, self.person, self.clock, fresh)
        passkeys, both = PasskeyPages(room, self.passkeys), ("GET", "POST")
        ways = self.upstream_closing
        overview = OverviewPage(room, ways, self.recoveries, has_passkeys=self.passkeys.party.is_usable)
        return (
            Route(HOME, ("GET",), overview.handle),
            Route(f"{HOME}/app", both, AppPage(room).handle),
            Route(f"{HOME}/passkey", both, passkeys.add),
            Route(f"{HOME}/passkey/<passkey_id>", both, passkeys.rename),
            Route(f"{HOME}/codes", both, RecoveryCodesPage(room).handle),
            Route(f"{HOME}/upstream/<name>", both, WayInPage(room, ways).handle),
            Route(WAITING, both, WaitingRecoveryPage(room, self.recoveries).handle),
            Route(f"{HOME}/trust", both, TrustPage(room).handle),
            Route(f"{HOME}/password", both, PasswordPage(room).handle),
            Route(_MANAGERS_ADDRESS, ("GET",), lambda _wire: redirect(f"{HOME}/password")),
            Route(f"{HOME}/remove/<factor>/<item>", both, RemovalPage(room).handle),
        )
