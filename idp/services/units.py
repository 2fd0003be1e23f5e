"""The units register: import, and questions on a date. The rules are ``policies.units``; this is the only writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from idp.clock import Clock
from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, Event
from idp.ports.units import UnitStore
from idp.services import unit_sources
from idp.services.audit import AuditLog
from policies.units import Problem, Register, RegisterError, Unit, apply, changes

_LOOK_EVERY: Final = 5
VIETNAM: Final = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed (or would change), and what was noticed and left as it was."""

    rows: int
    edges: int
    notices: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """A unit on a date: the row in force, if any; what the code's last unit has become by then; and the whole history of the code."""

    on: str
    unit: Unit | None
    became: tuple[Unit, ...]
    history: tuple[Unit, ...]


class UnitService:
    """Holds the register in process; looks every few seconds whether an import, of any process, has made another."""

    def __init__(self, store: UnitStore, audit: AuditLog, clock: Clock) -> None:
        """Take the store, the audit log and the clock."""
        self._store = store
        self._audit = audit
        self._clock = clock
        self._register: Register | None = None
        self._version = -1
        self._looked_at = 0

    @property
    def register(self) -> Register:
        """Return the register, at most a few seconds old."""
        now = self._clock.now()
        if self._register is None or now - self._looked_at >= _LOOK_EVERY:
            version = self._store.version()
            if self._register is None or version != self._version:
                self._register, self._version = self._store.load(), version
            self._looked_at = now
        return self._register

    def today(self) -> str:
        """Return the date in Vietnam, where an act takes effect at local midnight."""
        return datetime.fromtimestamp(self._clock.now(), UTC).astimezone(VIETNAM).date().isoformat()

    def load(self, source: str, *, as_of: str | None = None, dry_run: bool = False) -> ImportResult:
        """Import a document; raises ``InvalidInput`` naming every fault, ``NotFound`` for a missing source. Repeating changes nothing."""
        before = self._store.load()
        try:
            applied = apply(before, unit_sources.load(source, as_of))
        except RegisterError as error:
            faults = "\n".join(str(problem) for problem in error.problems)
            raise InvalidInput(
                f"nothing was imported; faults:\n{faults}", code="register_faults", field="source"
            ) from error
        todo = changes(before, applied.register)
        result = ImportResult(
            len(todo.units_put) + len(todo.units_gone), len(todo.edges_put) + len(todo.edges_gone), applied.notices
        )
        if not dry_run:
            event = AuditEvent(
                Event.UNIT_IMPORT,
                actor="operator:local",
                target="units",
                detail={"rows": result.rows, "edges": result.edges},
            )
            self._store.write(todo, self._audit.record(event))
            self._register = None
        return result

    def show(self, code: str, on: str | None = None) -> UnitAnswer:
        """Return what is known of a code on a date (today by default); raises ``NotFound`` for a code that never was."""
        day = on or self.today()
        history = self.register.history(code)
        if not history:
            raise NotFound(f"no unit ever had the code {code!r}", field="code")
        unit = self.register.on(code, day)
        became = (
            self.register.successors(code, day, max(day, self.today())) if unit else self.register.resolve(code, day)
        )
        return UnitAnswer(day, unit, became, history)

    def name(self, code: str) -> str:
        """Return the full name of what a unit code means today; "" for an unknown or divided one."""
        found = self.register.resolve(code, self.today())
        return found[0].full_name if len(found) == 1 else ""

    def claim(self, code: str | None) -> dict[str, object] | None:
        """Return the ``unit`` claim for a stored residence code: today's unit, or what it became, with the edition; None if unknown."""
        if not code:
            return None
        day = self.today()
        found = self.register.resolve(code, day)
        if len(found) != 1:
            return None
        return {"code": found[0].code, "name": found[0].full_name, "edition": found[0].valid_from}
