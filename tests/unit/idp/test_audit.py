"""Audit records: what is bound by the MAC, what is sealed, and how the log is numbered; the store is a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

import orjson
import pytest

from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.ports.audit import AuditLinker, AuditQuery
from idp.services.audit import AuditLog, Verdict, link
from tests.support.clock import FrozenClock

KEY = b"k" * 32
EVENT = AuditEvent(
    Event.SIGN_IN,
    Outcome.REFUSED,
    "wrong_credentials",
    "anonymous",
    "account",
    "client",
    "session",
    "account:account",
    "CASE0001",
    {"amr": ["pwd"]},
    {"address": "192.0.2.1"},
)


class ListStore:
    """An audit store in memory whose rows a test may change."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.batches: list[int] = []

    def append(self, record: AuditRecord) -> None:
        self.rows.append({**record.values, "seq": None, "chain": None})

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        return list(self.rows[: query.limit])

    def sequence(self, linker: AuditLinker, batch: int) -> int:
        waiting = [row for row in self.rows if row["seq"] is None][:batch]
        size, chain = self.head()
        for row in waiting:
            size += 1
            chain = linker(chain, size, row)
            row |= {"seq": size, "chain": chain}
        self.batches.append(len(waiting))
        return len(waiting)

    def head(self) -> tuple[int, bytes]:
        numbered = [(row["seq"], row["chain"]) for row in self.rows if row["seq"] is not None]
        return max(numbered, default=(0, b""))  # type: ignore[return-value]

    def in_sequence(self) -> Iterator[Mapping[str, object]]:
        yield from sorted(self.rows, key=lambda row: (row["seq"] is None, row["seq"] or 0, row["id"]))


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def log(store: ListStore) -> AuditLog:
    """Return a log whose sealing is visible: the place, then the text backwards."""
    return AuditLog(store, FrozenClock(), KEY, lambda text, place: place + text[::-1], _open)


def _open(sealed: bytes, place: bytes) -> bytes:
    assert sealed.startswith(place)
    return sealed.removeprefix(place)[::-1]


def fault_of(verdict: Verdict) -> int:
    assert verdict.fault is not None
    return verdict.fault.position


def test_record_holds_every_field_of_the_event(log: AuditLog) -> None:
    values = log.record(EVENT).values
    for field in fields(AuditEvent):
        said = getattr(EVENT, field.name)
        if field.name not in {"detail", "private"}:
            assert values[field.name] == said
    assert orjson.loads(str(values["detail"])) == {"amr": ["pwd"]}


def test_private_part_is_sealed_for_its_record(log: AuditLog) -> None:
    values = log.record(EVENT).values
    assert values["sealed"] == str(values["id"]).encode() + b'{"address":"192.0.2.1"}'[::-1]
    assert "192.0.2.1" not in str({name: value for name, value in values.items() if name != "sealed"})


def test_event_without_private_part_seals_nothing(log: AuditLog) -> None:
    assert log.record(AuditEvent(Event.BACKUP)).values["sealed"] is None


def test_two_records_of_one_event_differ(log: AuditLog) -> None:
    one, other = log.record(EVENT).values, log.record(EVENT).values
    assert one["id"] != other["id"]
    assert one["mac"] != other["mac"]


@pytest.mark.parametrize(
    "column",
    [
        *("id", "at_us", "event", "outcome", "reason", "case_code", "actor", "account_id"),
        *("client_id", "session_id", "target", "detail", "sealed", "mac"),
    ],
)
def test_every_column_is_bound_by_the_mac(log: AuditLog, store: ListStore, column: str) -> None:
    log.write(EVENT)
    row = store.rows[0]
    value = row[column]
    row[column] = value + 1 if isinstance(value, int) else value[:-1] if isinstance(value, bytes | str) else None
    assert fault_of(log.verify()) == 1


def test_value_cannot_move_to_the_next_column(log: AuditLog, store: ListStore) -> None:
    log.write(EVENT)
    row = store.rows[0]
    row["account_id"], row["client_id"] = row["client_id"], row["account_id"]
    assert fault_of(log.verify()) == 1


def test_nothing_and_empty_are_two_things(log: AuditLog, store: ListStore) -> None:
    log.write(AuditEvent(Event.BACKUP))
    store.rows[0]["account_id"] = ""
    assert fault_of(log.verify()) == 1


def test_sequencing_goes_on_until_nothing_waits(log: AuditLog, store: ListStore) -> None:
    for _ in range(1001):
        log.write(AuditEvent(Event.BACKUP))
    assert log.sequence() == 1001
    assert store.batches == [500, 500, 1, 0]
    assert log.verify().fault is None


def test_link_depends_on_all_that_it_joins() -> None:
    row = {"id": "a", "mac": b"m"}
    links = [
        link(b"", 1, row),
        link(b"x", 1, row),
        link(b"", 2, row),
        link(b"", 1, {**row, "id": "b"}),
        link(b"", 1, {**row, "mac": b"n"}),
    ]
    assert len(set(links)) == len(links)


def test_head_is_signed(log: AuditLog) -> None:
    log.write(EVENT)
    log.sequence()
    head = log.head()
    assert (head["size"], len(str(head["mac"]))) == (1, 64)
    assert log.verify(head).fault is None


def test_search_opens_what_is_sealed(log: AuditLog) -> None:
    log.write(EVENT)
    [found] = log.search(AuditQuery())
    assert found["private"] == {"address": "192.0.2.1"}
    assert "mac" not in found
    assert "sealed" not in found


def test_every_event_is_a_subject_and_an_action() -> None:
    assert all(len(event.value.split(":")) == 2 and event.value.islower() for event in Event)
