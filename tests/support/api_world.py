"""The Admin API as its callers meet it: over the whole WSGI application, with real tokens of a console's client."""

from __future__ import annotations

from typing import Any, Final

from idp.model.session import Origin
from policies import assurance, delegation
from policies.delegation import TOP, Role
from policies.units import UnitKey
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld
from tests.support.whole_app import WholeApp

API: Final = f"{ISSUER}/api/v1"
EVERY: Final = " ".join(delegation.SCOPES)


class ApiWorld(AdministeredWorld):
    """Administrators with tokens."""

    def __init__(self, world: TokenWorld) -> None:
        """Take the deployment; its console's client may ask every scope."""
        super().__init__(world)
        self.app = WholeApp(world)
        self._callers: dict[str, Caller] = {}
        self.tool: Registered = world.add_client(unit="79", scope=f"openid {EVERY}")

    def token(
        self, name: str, scope: str = EVERY, acr: str = assurance.LOA_2, resource: str = API, **changes: Any
    ) -> str:
        """Return an access token of somebody, as the console's client gets it after a sign-in at a level."""
        wiring = self.wiring
        session = wiring.sessions.start(self.account(name), acr, ("pwd", "otp"), Origin("192.0.2.7", "thử"))[0]
        found = self.world.tokens(self.tool, session, f"openid {scope}", resources=(resource,), **changes)
        return str(found["access_token"])

    def administrator(self, name: str, role: Role, unit: UnitKey | str = TOP) -> Caller:
        """Grant, and return somebody with a token."""
        self.grant(name, role, unit)
        return Caller(self.app, self.token(name), f"account:{self.account(name)}")

    def administrator_once(self, name: str, role: Role) -> Caller:
        """Return somebody with a token, made at the first call."""
        if name not in self._callers:
            self._callers[name] = self.administrator(name, role)
        return self._callers[name]


class Caller:
    """Somebody with a token."""

    def __init__(self, app: WholeApp, token: str, principal: str) -> None:
        """Take the application, the token, and whose it is."""
        self.app = app
        self.token = token
        self.principal = principal

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; header names with underscores."""
        path, _, query = path.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {"query_string": query} if query else {}
        return self.app.call(method, f"/api/v1{path}", body, self.token, headers=named, **more)
