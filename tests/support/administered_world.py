"""A deployment with a tree of units and administrators in it, for tests of who may do what."""

from __future__ import annotations

from typing import Any, Final

from idp.flows.administration.administrator import Administrator
from idp.flows.administration.use_cases import UseCases
from idp.model.audit import AuditEvent, Event
from idp.storage.units import SqlUnitStore
from policies import assurance
from policies.delegation import TOP, AdminGrant, Proposal, Role
from policies.units import Register, UnitKey, changes
from tests.support import units
from tests.support.memory_clients import department
from tests.support.token_world import REDIRECT, Registered, TokenWorld

ROOT: Final = "operator:local"


class AdministeredWorld:
    """Units of ``tests.support.units`` in a ``TokenWorld``; administrators are made by name."""

    def __init__(self, world: TokenWorld) -> None:
        """Take the deployment and load the units."""
        self.world = world
        self.wiring = world.wiring
        self._people: dict[str, str] = {}
        self.register(units.register())

    @property
    def acts(self) -> UseCases:
        """The use cases."""
        return self.wiring.administration

    def register(self, register: Register) -> None:
        """Make this the register of units."""
        store = SqlUnitStore(self.world.database)
        record = self.wiring.audit.record(AuditEvent(Event.UNIT_IMPORT))
        store.write(changes(store.load(), register), store.version(), record)
        self.wiring.units._register = None

    def account(self, name: str, unit: str | None = None) -> str:
        """Return the id of the account with this name of the test's own, made when it is first named."""
        if name not in self._people:
            columns = {"unit": unit} if unit else {}
            self._people[name] = self.world.add_person(700 + len(self._people), **columns)
        return self._people[name]

    def known(self, name: str, account_id: str) -> None:
        """Let a name stand for an account that exists."""
        self._people[name] = account_id

    def grant(
        self, name: str, role: Role, unit: UnitKey | str = TOP, *, by: str = ROOT, ends: int | None = None
    ) -> AdminGrant:
        """Grant a role as the operator does."""
        at = units.key(unit) if isinstance(unit, str) else unit
        principal = name if ":" in name else f"account:{self.account(name)}"
        proposal = Proposal(principal, role, at, self.world.clock.now(), ends)
        return self.wiring.admins.grant(proposal, by=by, reason="thử")

    def who(self, name: str, acr: str = assurance.LOA_2, **more: Any) -> Administrator:
        """Return the administrator of a request of this moment."""
        return self.wiring.administrators.person(self.account(name), acr, **more)

    def admin(self, name: str, role: Role, unit: UnitKey | str = TOP) -> Administrator:
        """Grant and return."""
        self.grant(name, role, unit)
        return self.who(name)

    def client(self, unit: str, **metadata: Any) -> Registered:
        """Register a client of a unit as the operator does."""
        return self.world.add_client(unit=unit, **{"scope": "openid profile", **metadata})

    def document(self, unit: str, **metadata: Any) -> dict[str, Any]:
        """Return a client's document as somebody would send it."""
        return department(unit=unit, redirect_uris=[REDIRECT], scope="openid profile", **metadata)

    def refusals(self) -> list[tuple[str, str]]:
        """Return actor and reason of each refusal, in order."""
        return [(row["actor"], row["reason"]) for row in self.world.events("admin:refuse")]
