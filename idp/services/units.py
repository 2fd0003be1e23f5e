"""The units register: import, and questions on a date. The rules are ``policies.units``; this is the only writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.model import Client
from idp.clock import Clock, local_day
from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, Event
from idp.ports.units import UnitStore
from idp.services import unit_sources
from idp.services.audit import AuditLog
from policies.units import Changes, Problem, Register, RegisterError, Unit, UnitReference, apply, changes

_LOOK_EVERY: Final = 5


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
        return self._young(_LOOK_EVERY)

    def latest(self) -> Register:
        """Return the register, at most a second old: for who may do what."""
        return self._young(1)

    def _young(self, seconds: int) -> Register:
        now = self._clock.now()
        if self._register is None or now - self._looked_at >= seconds:
            version = self._store.version()
            if self._register is None or version != self._version:
                self._register, self._version = self._store.load(), version
            self._looked_at = now
        return self._register

    def today(self) -> str:
        """Return the date in Vietnam, where an act takes effect at local midnight."""
        return local_day(self._clock.now())

    def load(self, source: str, *, as_of: str | None = None, dry_run: bool = False) -> ImportResult:
        """Import a document; raises ``InvalidInput`` naming every fault, ``NotFound`` for a missing source. Repeating changes nothing."""
        version, before = self._store.version(), self._store.load()
        try:
            applied = apply(before, unit_sources.load(source, as_of))
        except RegisterError as error:
            raise register_faults(error) from error
        todo = changes(before, applied.register)
        result = counted(todo, applied.notices)
        if not dry_run:
            event = AuditEvent(
                Event.UNIT_IMPORT,
                actor="operator:local",
                target="units",
                detail={"rows": result.rows, "edges": result.edges},
            )
            self._store.write(todo, version, self._audit.record(event))
            self.forget()
        return result

    def forget(self) -> None:
        """Read the register anew at the next question: this process has just changed it."""
        self._register = None

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

    def meant(self, reference: UnitReference) -> tuple[Unit, ...]:
        """Return what a reference means today: one unit, several where it was divided, none where it ended or is unknown."""
        today = self.today()
        return self.register.meant(reference.code, reference.since or today, today)

    def name(self, reference: UnitReference) -> str:
        """Return the full name of what a reference means today; "" for an unknown or divided one."""
        found = self.meant(reference)
        return found[0].full_name if len(found) == 1 else ""

    def claim(self, residence: str | None) -> dict[str, object] | None:
        """Return the ``unit`` claim for a stored reference: today's unit, with the edition; None if there is not exactly one."""
        if not residence:
            return None
        found = self.meant(UnitReference.stored(residence))
        if len(found) != 1:
            return None
        return {"code": found[0].code, "name": found[0].full_name, "edition": found[0].valid_from}


def counted(todo: Changes, notices: tuple[Problem, ...]) -> ImportResult:
    """Return the size of a change of the register."""
    rows = len(todo.units_put) + len(todo.units_gone)
    return ImportResult(rows, len(todo.edges_put) + len(todo.edges_gone), notices)


def register_faults(error: RegisterError) -> InvalidInput:
    """Return what an operator is told about a document that was refused as a whole: every fault."""
    faults = "\n".join(str(problem) for problem in error.problems)
    return InvalidInput(f"nothing was written; faults:\n{faults}", code="register_faults", field="source")


def owner_of(client: Client) -> UnitReference:
    """Return the unit that owns a client, as it was when it was named."""
    return UnitReference(client.unit, local_day(client.unit_at or client.created_at))
