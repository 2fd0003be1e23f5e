"""The register of units over real databases: what was written is what is read, and a repeat changes nothing."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from idp.errors import Conflict, InvalidInput
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.services.unit_sources import PACKAGE_SOURCE
from idp.services.units import UnitService
from idp.storage.database import Database
from idp.storage.tables import audit_events, unit_edges, units
from idp.storage.units import SqlUnitStore
from policies import units_file
from policies.units import Changes, Register, apply, changes
from tests.support.clock import FrozenClock
from tests.support.stores import stored

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("vietnamadminunits") is None, reason="the extra vn (vietnamadminunits) is not installed"
)

BEFORE: dict[str, Any] = {
    "format": units_file.FORMAT,
    "source": "test",
    "as_of": "2024-01-01",
    "units": [
        {"code": "99", "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu"},
        {"code": "990", "level": "district", "type": "huyện", "name": "Mẫu", "full_name": "Huyện Mẫu", "parent": "99"},
        {"code": "99001", "level": "commune", "type": "xã", "name": "Đông", "full_name": "Xã Đông", "parent": "990"},
        {"code": "99002", "level": "commune", "type": "xã", "name": "Tây", "full_name": "Xã Tây", "parent": "990"},
    ],
}
WARD = {"code": "99001", "level": "commune", "type": "phường", "name": "Mới", "full_name": "Phường Mới", "parent": "99"}
AFTER: dict[str, Any] = {
    "format": units_file.FORMAT,
    "source": "test",
    "units": [{**WARD, "valid_from": "2025-07-01"}],
    "events": [
        {
            "kind": "merge",
            "effective": "2025-07-01",
            "from": ["99001", "99002"],
            "to": ["99001"],
            "partial": ["99002"],
            "legal_basis": "Nghị quyết 1/NQ-MAU",
        },
        {"kind": "dissolve", "effective": "2025-07-01", "from": ["990"], "legal_basis": "Nghị quyết 2/NQ-MAU"},
    ],
}


def same(one: Register, other: Register) -> bool:
    """Tell whether two registers say the same."""
    todo = changes(one, other)
    return not (todo.units_put or todo.units_gone or todo.edges_put or todo.edges_gone)


def document(folder: Path, content: dict[str, Any]) -> str:
    """Write an import file and return its name."""
    path = folder / "units.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.fixture
def store(database: Database) -> SqlUnitStore:
    """Return the store."""
    return SqlUnitStore(database)


@pytest.fixture
def service(store: SqlUnitStore, audit: AuditLog, clock: FrozenClock) -> UnitService:
    """Return the service; the clock stands in January 2027."""
    return UnitService(store, audit, clock)


def test_empty_store_is_an_empty_register(store: SqlUnitStore) -> None:
    assert same(store.load(), Register())


def test_register_comes_back_as_it_was_written(store: SqlUnitStore, service: UnitService, tmp_path: Path) -> None:
    service.load(document(tmp_path, BEFORE))
    service.load(document(tmp_path, AFTER))
    expected = Register()
    for content in (BEFORE, AFTER):
        expected = apply(expected, units_file.parse_json(json.dumps(content))).register
    found = store.load()
    assert same(found, expected)
    assert [unit.full_name for unit in found.successors("99002", "2024-06-30", "2025-07-01")] == ["Phường Mới"]
    assert {(edge.from_code, edge.partial) for edge in found.edges} == {("99001", False), ("99002", True)}


def test_repeated_import_changes_nothing_and_is_recorded(
    service: UnitService, database: Database, tmp_path: Path
) -> None:
    first = service.load(document(tmp_path, BEFORE))
    before = stored(database, units)
    again = service.load(document(tmp_path, BEFORE))
    assert (first.rows, again.rows, again.edges) == (4, 0, 0)
    assert stored(database, units) == before
    assert len(stored(database, audit_events, event="unit:import")) == 2


def test_dry_run_tells_what_would_change_and_changes_nothing(
    service: UnitService, database: Database, tmp_path: Path
) -> None:
    assert service.load(document(tmp_path, BEFORE), dry_run=True).rows == 4
    assert stored(database, units) == stored(database, audit_events) == []
    assert service.register.units == Register().units


def test_import_with_a_fault_changes_nothing(service: UnitService, database: Database, tmp_path: Path) -> None:
    service.load(document(tmp_path, BEFORE))
    before = stored(database, units)
    broken = {**AFTER, "events": [{**AFTER["events"][0], "from": ["99001", "12345"], "partial": []}]}
    with pytest.raises(InvalidInput) as caught:
        service.load(document(tmp_path, broken))
    assert caught.value.code == "register_faults"
    assert stored(database, units) == before
    assert stored(database, unit_edges) == []


def test_rows_and_edges_are_taken_away(
    store: SqlUnitStore, service: UnitService, audit: AuditLog, tmp_path: Path
) -> None:
    service.load(document(tmp_path, BEFORE))
    service.load(document(tmp_path, AFTER))
    todo = changes(store.load(), Register())
    store.write(todo, store.version(), audit.record(AuditEvent(Event.UNIT_IMPORT)))
    assert same(store.load(), Register())


def test_change_that_cannot_be_recorded_is_not_made(store: SqlUnitStore, audit: AuditLog) -> None:
    register = apply(Register(), units_file.parse_json(json.dumps(BEFORE))).register
    taken = audit.write(AuditEvent(Event.REQUEST))
    with pytest.raises(Conflict):
        store.write(changes(Register(), register), store.version(), taken)
    assert same(store.load(), Register())


def test_empty_change_is_recorded_all_the_same(store: SqlUnitStore, audit: AuditLog, database: Database) -> None:
    store.write(Changes((), (), (), ()), store.version(), audit.record(AuditEvent(Event.UNIT_IMPORT)))
    assert len(stored(database, audit_events)) == 1


@needs_package
def test_package_is_imported_and_a_repeat_changes_nothing(service: UnitService, store: SqlUnitStore) -> None:
    first = service.load(PACKAGE_SOURCE)
    assert first.rows > 13_000
    assert first.edges > 10_000
    again = service.load(PACKAGE_SOURCE)
    assert (again.rows, again.edges) == (0, 0)
    assert same(store.load(), service.register)
    [da_nang] = store.load().successors("49", "2025-06-30", "2025-07-01")
    assert (da_nang.code, da_nang.full_name) == ("48", "Thành phố Đà Nẵng")
