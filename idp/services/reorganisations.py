"""Reorganisations of units: shown first, then done as a whole, undoable until their day, and told in the audit log on it.

What hangs on a unit is not rewritten (``policies.units.reorganisation``); a person decides about what has no single successor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from idp import handles
from idp.clock import Clock
from idp.errors import InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.reorganisations import Reorganisation, ReorganisationState, ReorganisationStore
from idp.ports.unit_holders import UnitHolders
from idp.ports.units import UnitStore
from idp.services import unit_sources
from idp.services.audit import AuditLog
from idp.services.units import ImportResult, UnitService, counted, register_faults
from policies.units import (
    Applied,
    Document,
    Fate,
    Holding,
    Move,
    Register,
    RegisterError,
    apply,
    changes,
    difference,
    moves,
    undecided,
    undo,
)

_OPERATOR = "operator:local"
_LARGE: Final = 50_000
_KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reorganisation does: to the register, and to what hangs on its units; ``id`` is "" where nothing was written."""

    id: str
    effective: str
    complete: str
    register: ImportResult
    moves: tuple[Move, ...]

    @property
    def decisions(self) -> tuple[Move, ...]:
        """Return what a person has to decide."""
        return tuple(move for move in self.moves if move.fate is not Fate.MOVES)


class Reorganisations:
    """Plans, does, undoes and settles; ``holders`` tell what hangs on units."""

    def __init__(
        self,
        store: ReorganisationStore,
        unit_store: UnitStore,
        units: UnitService,
        holders: tuple[UnitHolders, ...],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._store = store
        self._unit_store = unit_store
        self._units = units
        self._holders = holders
        self._audit = audit
        self._clock = clock
        self._waiting = (0, 0)

    def plan(self, source: str, *, dry_run: bool, reason: str = "", actor: str = _OPERATOR) -> Plan:
        """Return what the document at ``source`` does, and do it unless ``dry_run``.

        Raises ``InvalidInput`` naming every fault, also for a document without events; ``Conflict`` when the register was changed
        meanwhile. What is done in one transaction is the register; what hangs on it follows on its day.
        """
        try:
            document = unit_sources.load(source)
        except RegisterError as error:
            raise register_faults(error) from error
        return self.plan_document(document, source.rpartition("/")[2], dry_run=dry_run, reason=reason, actor=actor)

    def plan_document(
        self, document: Document, name: str, *, dry_run: bool, reason: str = "", actor: str = _OPERATOR
    ) -> Plan:
        """Return what a document called ``name`` does, and do it unless ``dry_run``; raises as ``plan`` does."""
        version = self._unit_store.version()
        before = self._unit_store.load()
        applied, first, last = _applied(before, document)
        todo = changes(before, applied.register)
        result = counted(todo, applied.notices)
        found = tuple(moves(applied.register, self._holdings(), _eve(first), last))
        if dry_run:
            return Plan("", first, last, result, found)
        entry = Reorganisation(
            handles.new_id(),
            first,
            last,
            name,
            ReorganisationState.PLANNED,
            difference(before, todo),
            self._clock.now(),
        )
        detail: dict[str, object] = {
            "effective": first,
            "rows": result.rows,
            "edges": result.edges,
            "moves": len(found),
        }
        self._store.add(entry, todo, version, self._record(Event.UNIT_REORGANISE, entry, reason, actor, detail))
        self._units.forget()
        self.settle()
        return Plan(entry.id, first, last, result, found)

    def undo(self, entry_id: str, *, reason: str = "", actor: str = _OPERATOR) -> Reorganisation:
        """Take a planned reorganisation back before its day; raises ``NotFound``, ``Refused`` after its day, ``Conflict``."""
        entry = self.get(entry_id)
        if entry.state is not ReorganisationState.PLANNED or entry.effective <= self._units.today():
            raise Refused("only a reorganisation whose day has not come can be undone", code="in_force", field="id")
        version = self._unit_store.version()
        try:
            todo = undo(self._unit_store.load(), entry.made)
        except RegisterError as error:
            raise Refused(f"a later import builds on it: {error.problems[0]}", code="built_on", field="id") from error
        self._store.undo(entry, todo, version, self._record(Event.UNIT_UNDO, entry, reason, actor, {}))
        self._units.forget()
        return entry

    def settle(self) -> int:
        """Tell the audit log what moved, for each reorganisation whose days have come; safe in many processes. Returns how many."""
        today, done = self._units.today(), 0
        for entry in self._store.all():
            if entry.state is ReorganisationState.PLANNED and entry.complete <= today:
                done += self._settled(entry)
        return done

    def get(self, entry_id: str) -> Reorganisation:
        """Return one; raises ``NotFound``."""
        entry = self._store.find(entry_id)
        if entry is None:
            raise NotFound("no such reorganisation", field="id")
        return entry

    def all(self) -> list[Reorganisation]:
        """Return every reorganisation, newest first."""
        return self._store.all()

    def decisions(self) -> list[Move]:
        """Return what hangs on no unit, or on several, today."""
        return list(undecided(self._units.register, self._holdings(), self._units.today()))

    def waiting(self) -> int:
        """Return how many these are; where many hang on units it may be a minute old, as all of them are read for it."""
        now, (counted_at, found) = self._clock.now(), self._waiting
        if now - counted_at < _KEPT:
            return found
        holdings = list(self._holdings())
        found = sum(1 for _ in undecided(self._units.register, holdings, self._units.today()))
        if sum(one.count for one in holdings) >= _LARGE:
            self._waiting = now, found
        return found

    def _settled(self, entry: Reorganisation) -> int:
        register = self._unit_store.load()
        found = moves(register, self._holdings(), _eve(entry.effective), entry.complete)
        records = [self._moved(entry, move) for move in found]
        return int(self._store.settle(entry, self._clock.now(), records))

    def _holdings(self) -> Iterator[Holding]:
        for holder in self._holders:
            yield from holder.holdings()

    def _moved(self, entry: Reorganisation, move: Move) -> AuditRecord:
        holding = move.holding
        detail = {
            "reorganisation": entry.id,
            "fate": move.fate.value,
            "from": "@".join(move.unit.key),
            "to": ["@".join(unit.key) for unit in move.targets],
            "count": holding.count,
        }
        target = f"{holding.kind}:{holding.holder}" if holding.holder else holding.kind
        client_id = holding.holder if holding.kind == "client" else None
        return self._audit.record(AuditEvent(Event.UNIT_MOVE, target=target, client_id=client_id, detail=detail))

    def _record(
        self, event: Event, entry: Reorganisation, reason: str, actor: str, detail: dict[str, object]
    ) -> AuditRecord:
        return self._audit.record(
            AuditEvent(event, reason=reason, actor=actor, target=f"reorganisation:{entry.id}", detail=detail)
        )


def _applied(before: Register, document: Document) -> tuple[Applied, str, str]:
    """Return the register with the document applied, and the first and the last day of its events."""
    try:
        applied = apply(before, document)
    except RegisterError as error:
        raise register_faults(error) from error
    return applied, *_days(document)


def _days(document: Document) -> tuple[str, str]:
    if not document.events:
        raise InvalidInput("holds no event: use `units import` for lists of units", code="no_events", field="FILE")
    days = sorted(event.effective for event in document.events)
    return days[0], days[-1]


def _eve(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
