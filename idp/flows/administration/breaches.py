"""What an officer collects after a breach: within reach, recorded, with the clock since its discovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from clients.registry import ClientRegistry
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound
from idp.flows.administration import targets
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate
from idp.services.accounts import AccountService
from idp.services.breaches import BreachCollector, Collected, Wanted
from idp.services.units import UnitService
from keys.rows import KeyRow
from policies import breach
from policies.breach import Scope
from policies.delegation import DEPLOYMENT, Action, Target

MOST_NAMED: Final = 100
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class BreachQuestion:
    """What is asked: a scope with its ids, a range, and when it was found out.

    One system, unit or key is named, or up to a hundred sessions or accounts. Moments are epoch seconds; the range ends before ``until``.
    """

    scope: str
    ids: tuple[str, ...]
    since: int
    until: int
    discovered_at: int
    reason: str

    @property
    def notify_by(self) -> int:
        """Return by when the authority must have been told."""
        return breach.notify_by(self.discovered_at)


class BreachAdministration:
    """Collects; each collection is recorded before it begins."""

    def __init__(
        self,
        gate: Gate,
        registry: ClientRegistry,
        accounts: AccountService,
        units: UnitService,
        keys: Callable[[], tuple[KeyRow, ...]],
        collector: BreachCollector,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``keys`` returns every signing key."""
        self._gate = gate
        self._registry = registry
        self._accounts = accounts
        self._units = units
        self._keys = keys
        self._collector = collector
        self._clock = clock

    def enter(self, who: Administrator) -> None:
        """Let in who may collect anywhere; raises ``Refused``."""
        self._gate.anywhere(who, Action.BREACH_COLLECT, "breaches")

    @contextmanager
    def collected(self, who: Administrator, asked: BreachQuestion) -> Iterator[Collected]:
        """Yield what the log says, and remove it afterwards. Raises ``InvalidInput``, ``NotFound`` and ``Refused``."""
        name = self.begin(who, asked)
        self._gate.note_export(who, f"breach:{name}", _noted(asked))
        with self._collector.collect(self._wanted(asked)) as found:
            self._note_shown(who, asked, found)
            yield found

    def _note_shown(self, who: Administrator, asked: BreachQuestion, found: Collected) -> None:
        """Record for the people whom a question names that somebody looked at them; of a whole system's people the export alone tells."""
        named = asked.ids if asked.scope == Scope.ACCOUNT else ()
        if asked.scope == Scope.SESSION:
            named = tuple(one.account_id for one in found.people())
        for account_id in named:
            self._accounts.note_shown(account_id, reveal=False, reason="breach", actor=who.principal)

    def begin(self, who: Administrator, asked: BreachQuestion) -> str:
        """Check a question and whether it may be asked; returns what it is about."""
        checked(asked, self._clock.now())
        name = f"{asked.scope}:{','.join(asked.ids)}"
        for one in asked.ids:
            target = self._target(Scope(asked.scope), one)
            self._gate.require(who, Action.BREACH_COLLECT, target, name)
            if asked.scope == Scope.ACCOUNT:
                # It names every system that the person used, those of other units too: only for who may read the log about him.
                self._gate.require(who, Action.AUDIT_READ, target, name)
        return name

    def now(self) -> int:
        """Return the moment from which the clock of a bundle is read."""
        return self._clock.now()

    def name(self, client_id: str) -> str:
        """Return a system's Vietnamese name, its id when it is unknown."""
        client = self._registry.find(client_id)
        return client.name("vi") if client is not None else client_id

    def wanted(self, asked: BreachQuestion) -> Wanted:
        """Return which records a question means, for the local operator; raises ``InvalidInput`` and ``NotFound``."""
        checked(asked, self._clock.now())
        for one in asked.ids:
            if self._target(Scope(asked.scope), one) is None:
                raise NotFound(f"there is no such {asked.scope}: {one}")
        return self._wanted(asked)

    def _target(self, scope: Scope, name: str) -> Target | None:
        """Return what an id is to the policy; None where it names nothing."""
        ground = self._gate.ground()
        if scope is Scope.CLIENT:
            client = self._registry.find(name)
            return targets.of_client(client, ground) if client is not None else None
        if scope is Scope.UNIT:
            unit = self._units.register.on(name, ground.day)
            return targets.of_unit(unit.key) if unit is not None else None
        if scope is Scope.ACCOUNT:
            try:
                account = self._accounts.get(name)
            except NotFound:
                return None
            return Target(targets.of_account(account, self._gate.admins, ground).units)
        if scope is Scope.KEY:
            return DEPLOYMENT if any(row.kid == name for row in self._keys()) else None
        return DEPLOYMENT

    def _wanted(self, asked: BreachQuestion) -> Wanted:
        scope, ids = Scope(asked.scope), frozenset(asked.ids)
        since, until = asked.since, asked.until
        if scope is Scope.KEY:
            row = next(one for one in self._keys() if one.kid == asked.ids[0])
            since = max(since, row.activates or row.created)
        return Wanted(
            scope,
            since,
            until,
            client_ids=ids
            if scope is Scope.CLIENT
            else self._clients_of(asked.ids[0])
            if scope is Scope.UNIT
            else None,
            account_ids=ids if scope is Scope.ACCOUNT else None,
            session_ids=ids if scope is Scope.SESSION else None,
        )

    def _clients_of(self, code: str) -> frozenset[str]:
        """Return the systems of a unit and of the units below it, removed ones too."""
        ground = self._gate.ground()
        unit = self._units.register.on(code, ground.day)
        below = ground.below(unit.key) if unit is not None else frozenset[str]()
        self._registry.refresh_if_older_than(0)
        return frozenset(
            client.client_id
            for client in self._registry.snapshot().values()
            if any(one.code in below for one in targets.of_client(client, ground).units)
        )


def checked(asked: BreachQuestion, now: int) -> None:
    """Raise ``InvalidInput`` that names the field at fault."""
    if asked.scope not in set(Scope):
        raise InvalidInput(f"must be one of {', '.join(Scope)}", field="scope")
    most = MOST_NAMED if asked.scope in {Scope.SESSION, Scope.ACCOUNT} else 1
    if not 1 <= len(asked.ids) <= most or not all(asked.ids):
        raise InvalidInput(f"must name 1 to {most}", field="ids")
    if fault := breach.range_fault(asked.since, asked.until, asked.discovered_at, now):
        raise InvalidInput("is no moment of the past, or the range is empty or longer than 400 days", field=fault)
    if not 1 <= len(asked.reason.strip()) <= _LONGEST:
        raise InvalidInput(f"must be 1 to {_LONGEST} characters", field="reason")


def _noted(asked: BreachQuestion) -> dict[str, str]:
    return {
        "since": str(asked.since),
        "until": str(asked.until),
        "discovered_at": str(asked.discovered_at),
        "reason": asked.reason.strip(),
    }
