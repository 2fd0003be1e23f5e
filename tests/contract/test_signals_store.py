"""Streams and their queues over real databases: sealed at rest, moved once however many processes work, gone with the stream."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.signal import POLL, PUSH, QueuedSignal, Stream, StreamStatus
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.signals import SqlSignalStore
from idp.storage.tables import signal_queue, signal_streams
from tests.support.stores import in_parallel, stored

STREAM = Stream(
    "s-1", "health", PUSH, ("a", "b"), "https://h.example.vn/events", "Bearer bí mật", "Một cửa", created_at=5
)


def seal(value: bytes, aad: bytes) -> bytes:
    return aad + b"|" + value[::-1]


def unseal(value: bytes, aad: bytes) -> bytes:
    assert value.startswith(aad + b"|"), "sealed for another row"
    return value[len(aad) + 1 :][::-1]


@pytest.fixture
def store(database: Database) -> SqlSignalStore:
    return SqlSignalStore(database, seal, unseal)


@pytest.fixture
def record(audit: AuditLog) -> AuditRecord:
    return audit.record(AuditEvent(Event.SIGNAL_STREAM))


def signal(name: str, stream: str = "s-1", at: int = 10) -> QueuedSignal:
    return QueuedSignal(name, stream, {"format": "opaque", "id": "x"}, {"type": {"state": "bí mật"}}, at)


def test_a_stream_comes_back_as_it_was_put_and_its_header_is_sealed(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.put(STREAM, record)
    assert store.stream("s-1") == STREAM
    assert store.streams("health") == store.streams() == [STREAM]
    assert store.streams("school") == []
    assert "bí mật" not in str(stored(database, signal_streams))
    changed = replace(STREAM, method=POLL, url="", authorization="", status=StreamStatus.PAUSED, reason="x")
    store.put(changed, audit.record(AuditEvent(Event.SIGNAL_STREAM)))
    store.note(replace(changed, attempts=2, next_at=77, verified_at=3, description="not noted"))
    assert store.stream("s-1") == replace(changed, attempts=2, next_at=77, verified_at=3)


def test_of_many_processes_one_moves_the_position_and_queues(
    store: SqlSignalStore, database: Database, record: AuditRecord
) -> None:
    store.put(STREAM, record)
    assert store.position() == 0
    done = in_parallel(database, 4, lambda number: store.fan_out(0, 7, [signal(f"m-{number}")]))
    assert (sum(done), store.position(), len(store.waiting("s-1", 10))) == (1, 7, 1)
    assert not store.fan_out(0, 9, [signal("late")])
    assert store.fan_out(7, 9, [])
    assert store.position() == 9


def test_what_is_done_is_gone_and_another_stream_cannot_take_it_away(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.put(STREAM, record)
    store.put(replace(STREAM, id="s-2", client_id="school"), audit.record(AuditEvent(Event.SIGNAL_STREAM)))
    for name in ("m-2", "m-1", "m-3"):
        store.queue(signal(name))
    assert [one.id for one in store.waiting("s-1", 2)] == ["m-1", "m-2"]
    assert store.waiting("s-1", 9)[0] == signal("m-1")
    assert "bí mật" not in str(stored(database, signal_queue))
    assert (store.done("s-2", ["m-1"]), store.done("s-1", ["m-1", "m-1", "nothing"])) == (0, 1)
    assert [one.id for one in store.waiting("s-1", 9)] == ["m-2", "m-3"]


def test_a_disabled_or_removed_stream_keeps_nothing(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.put(STREAM, record)
    store.queue(signal("m-1"))
    store.put(replace(STREAM, status=StreamStatus.DISABLED), audit.record(AuditEvent(Event.SIGNAL_STREAM)))
    assert store.waiting("s-1", 9) == []
    store.queue(signal("m-2"))
    assert store.drop("s-1", audit.record(AuditEvent(Event.SIGNAL_STREAM)))
    assert not store.drop("s-1", audit.record(AuditEvent(Event.SIGNAL_STREAM)))
    assert (stored(database, signal_queue), stored(database, signal_streams)) == ([], [])


def test_what_has_waited_for_too_long_is_taken_away(store: SqlSignalStore, record: AuditRecord) -> None:
    store.put(STREAM, record)
    for at in (1, 2, 3):
        store.queue(signal(f"m-{at}", at=at))
    assert store.purge(3) == 2
    assert [one.id for one in store.waiting("s-1", 9)] == ["m-3"]
