"""Reorganisations over real databases: in one transaction, once, and undone to the row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, Event
from idp.ports.reorganisations import ReorganisationState
from idp.services.audit import AuditLog
from idp.services.reorganisations import Reorganisations
from idp.services.units import UnitService
from idp.storage.database import Database
from idp.storage.reorganisations import SqlReorganisationStore
from idp.storage.tables import audit_events, reorganisations, unit_edges, units
from idp.storage.units import SqlUnitStore
from policies.units import Changes, Fate, Holding
from tests.contract.test_units_store import AFTER, BEFORE, document
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel, stored

EVE = 1_751_216_400
"""2025-06-30 00:00 in Vietnam."""
DAY_LONG = 86_400


@dataclass
class Held:
    """Three holders: one that moves, one whose unit is divided, one whose unit ends."""

    people: int = 1
    asked: int = 0

    def holdings(self) -> list[Holding]:
        self.asked += 1
        codes = {"client-1": "99001", "client-2": "99002", "client-3": "990"}
        return [Holding("client", name, code, "2024-06-01", self.people) for name, code in codes.items()]


class World:
    """The service over one database, on the eve of the reorganisation."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self.database = database
        self.clock = FrozenClock(EVE)
        self.store = SqlUnitStore(database)
        self.units = UnitService(self.store, audit, self.clock)
        self.audit = audit
        self.entries = SqlReorganisationStore(database, self.store)
        self.service = Reorganisations(self.entries, self.store, self.units, (Held(),), audit, self.clock)

    def events(self, event: str) -> list[dict[str, Any]]:
        return stored(self.database, audit_events, event=event)


@pytest.fixture
def world(database: Database, audit: AuditLog, tmp_path: Path) -> World:
    found = World(database, audit)
    found.units.load(document(tmp_path, BEFORE))
    return found


def test_a_dry_run_shows_what_moves_and_writes_nothing(world: World, tmp_path: Path) -> None:
    before = stored(world.database, units)
    plan = world.service.plan(document(tmp_path, AFTER), dry_run=True)
    assert (plan.id, plan.effective, plan.complete) == ("", "2025-07-01", "2025-07-01")
    assert [(move.holding.holder, move.fate) for move in plan.moves] == [
        ("client-1", Fate.MOVES),
        ("client-2", Fate.MOVES),
        ("client-3", Fate.ENDS),
    ]
    assert [move.holding.holder for move in plan.decisions] == ["client-3"]
    assert (stored(world.database, units), stored(world.database, reorganisations)) == (before, [])


def test_it_takes_effect_at_midnight_and_tells_the_audit_log_once(world: World, tmp_path: Path) -> None:
    plan = world.service.plan(document(tmp_path, AFTER), dry_run=False, reason="Nghị quyết 1")
    assert world.service.get(plan.id).state is ReorganisationState.PLANNED
    assert world.units.claim("99001@2024-06-01") == {"code": "99001", "name": "Xã Đông", "edition": "0001-01-01"}
    assert (world.service.settle(), world.events("unit:move")) == (0, [])
    world.clock.advance(DAY_LONG)
    assert world.units.claim("99002@2024-06-01") == {"code": "99001", "name": "Phường Mới", "edition": "2025-07-01"}
    assert sum(in_parallel(world.database, 4, lambda _number: world.service.settle())) == 1
    assert len(world.events("unit:move")) == 3
    assert world.service.get(plan.id).state is ReorganisationState.IN_FORCE
    assert [move.holding.holder for move in world.service.decisions()] == ["client-3"]
    assert world.service.waiting() == 1


@pytest.mark.parametrize(("people", "asked"), [(1, 3), (50_000, 2)])
def test_where_many_people_hang_on_units_those_that_wait_are_counted_once_a_minute(
    world: World, people: int, asked: int
) -> None:
    held = Held(people)
    service = Reorganisations(world.entries, world.store, world.units, (held,), world.audit, world.clock)
    service.waiting()
    service.waiting()
    world.clock.advance(60)
    service.waiting()
    assert held.asked == asked


def test_until_its_day_it_is_undone_to_the_row(world: World, tmp_path: Path) -> None:
    before = stored(world.database, units)
    plan = world.service.plan(document(tmp_path, AFTER), dry_run=False)
    world.service.undo(plan.id, reason="sai ngày")
    by_key = {(row["code"], row["valid_from"]): row for row in before}
    assert {(row["code"], row["valid_from"]): row for row in stored(world.database, units)} == by_key
    assert stored(world.database, unit_edges) == []
    assert world.service.get(plan.id).state is ReorganisationState.UNDONE
    with pytest.raises(Refused):
        world.service.undo(plan.id, reason="lần nữa")
    world.clock.advance(DAY_LONG)
    assert (world.service.settle(), world.events("unit:move")) == (0, [])


def test_from_its_day_on_it_is_not_undone(world: World, tmp_path: Path) -> None:
    plan = world.service.plan(document(tmp_path, AFTER), dry_run=False)
    world.clock.advance(DAY_LONG)
    with pytest.raises(Refused) as refused:
        world.service.undo(plan.id, reason="muộn")
    assert refused.value.code == "in_force"


def test_a_register_that_was_changed_meanwhile_is_not_overwritten(world: World, tmp_path: Path) -> None:
    plan = world.service.plan(document(tmp_path, AFTER), dry_run=False)
    entry, record = world.service.get(plan.id), world.audit.record(AuditEvent(Event.UNIT_UNDO))
    todo = Changes((), (), (), ())
    with pytest.raises(Conflict):
        world.entries.undo(entry, todo, world.store.version() - 1, record)
    assert world.service.get(plan.id).state is ReorganisationState.PLANNED
    assert world.events("unit:undo") == []


def test_a_list_without_events_is_no_reorganisation(world: World, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        world.service.plan(document(tmp_path, BEFORE), dry_run=False)
    assert refused.value.code == "no_events"


def test_an_unknown_reorganisation_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.service.undo("nothing", reason="-")
