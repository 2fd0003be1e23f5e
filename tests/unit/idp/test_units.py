"""The units service: which day it is in Vietnam, and what a code means on it; the store is in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, AuditRecord
from idp.services.units import UnitService
from policies import units_file
from policies.units import Changes, Register, apply
from tests.support.clock import FrozenClock

MIDNIGHT = 1_751_302_800
"""2025-07-01 00:00 in Vietnam, still June in Greenwich."""

UNITS = [
    {"code": "49", "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu"},
    {"code": "48", "level": "province", "type": "thành phố", "name": "Lớn", "full_name": "Thành phố Lớn"},
]
DOCUMENT: dict[str, Any] = {
    "format": units_file.FORMAT,
    "source": "test",
    "as_of": "2024-01-01",
    "units": UNITS,
    "events": [
        {"kind": "merge", "effective": "2025-07-01", "from": ["49"], "to": ["48"], "legal_basis": "Nghị quyết 1"}
    ],
}


class MemoryUnits:
    """A store that knows a register from the start and counts how often it is read."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.reads = 0
        self.written: list[Changes] = []

    def version(self) -> int:
        return len(self.written)

    def load(self) -> Register:
        self.reads += 1
        return self.register

    def write(self, changes: Changes, _version: int, record: AuditRecord) -> None:
        assert record.values
        self.written.append(changes)


class Audit:
    """What the service needs of the audit log."""

    def record(self, event: AuditEvent) -> AuditRecord:
        return AuditRecord({"event": event.event.value, **event.detail})


@pytest.fixture
def store() -> MemoryUnits:
    return MemoryUnits(apply(Register(), units_file.parse_json(json.dumps(DOCUMENT))).register)


@pytest.fixture
def at(store: MemoryUnits) -> Callable[[int], UnitService]:
    """Return what makes the service at a moment."""
    return lambda moment: UnitService(store, Audit(), FrozenClock(moment))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "day"),
    [(MIDNIGHT - 1, "2025-06-30"), (MIDNIGHT, "2025-07-01"), (MIDNIGHT + 86399, "2025-07-01"), (0, "1970-01-01")],
)
def test_day_begins_at_midnight_in_vietnam(at: Callable[[int], UnitService], moment: int, day: str) -> None:
    assert at(moment).today() == day


def test_claim_changes_at_midnight_in_vietnam(at: Callable[[int], UnitService]) -> None:
    before, after = at(MIDNIGHT - 1).claim("49"), at(MIDNIGHT).claim("49")
    assert before is not None
    assert after is not None
    assert (before["code"], before["name"]) == ("49", "Tỉnh Mẫu")
    assert (after["code"], after["name"]) == ("48", "Thành phố Lớn")


@pytest.mark.parametrize("code", [None, "", "00", "49 "])
def test_code_that_nobody_knows_is_no_claim(at: Callable[[int], UnitService], code: str | None) -> None:
    assert at(MIDNIGHT).claim(code) is None


def test_history_and_what_became_of_a_code_are_shown(at: Callable[[int], UnitService]) -> None:
    answer = at(MIDNIGHT).show("49")
    assert (answer.on, answer.unit) == ("2025-07-01", None)
    assert [unit.code for unit in answer.became] == ["48"]
    assert [unit.valid_to for unit in answer.history] == ["2025-07-01"]
    earlier = at(MIDNIGHT).show("49", "2025-06-30")
    assert earlier.unit is not None
    assert [unit.code for unit in earlier.became] == ["48"]


def test_code_that_never_was_is_not_found(at: Callable[[int], UnitService]) -> None:
    with pytest.raises(NotFound) as caught:
        at(MIDNIGHT).show("00")
    assert caught.value.field == "code"


def test_register_is_read_again_only_after_an_import_of_any_process(
    at: Callable[[int], UnitService], store: MemoryUnits
) -> None:
    service = at(MIDNIGHT)
    for _ in range(5):
        service.claim("49")
    assert store.reads == 1
    store.written.append(Changes((), (), (), ()))
    assert service.register is not None
    assert store.reads == 1, "within seconds the register in hand answers"
    at(MIDNIGHT + 6).claim("49")
    assert store.reads > 1


@pytest.mark.parametrize(
    ("name", "text", "error", "code"),
    [
        ("missing.json", None, NotFound, "source_not_found"),
        ("units.xml", "<x/>", InvalidInput, "unknown_source"),
        ("units.json", "{", InvalidInput, "register_faults"),
        ("units.json", "[]", InvalidInput, "register_faults"),
    ],
)
def test_source_that_cannot_be_read_is_refused_and_writes_nothing(
    at: Callable[[int], UnitService],
    store: MemoryUnits,
    tmp_path: Path,
    name: str,
    text: str | None,
    error: type[Exception],
    code: str,
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(error) as caught:
        at(MIDNIGHT).load(str(path))
    assert getattr(caught.value, "code", None) == code
    assert store.written == []


def test_package_of_another_name_is_refused(at: Callable[[int], UnitService]) -> None:
    with pytest.raises(NotFound) as caught:
        at(MIDNIGHT).load("package:os")
    assert caught.value.code == "unknown_source"
