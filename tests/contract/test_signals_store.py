"""Streams and their queues over real databases: sealed at rest, moved once however many processes work, gone with the stream."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from sqlalchemy import bindparam, update

from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.signal import POLL, PUSH, QueuedSignal, Stream, StreamStatus
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.signals import SqlSignalStore
from idp.storage.tables import audit_events, signal_queue, signal_streams
from tests.support.stores import in_parallel, stored

STREAM = Stream(
    "s-1", "health", PUSH, ("a", "b"), "https://h.example.vn/events", "Bearer bí mật", "Một cửa", created_at=5
)
TOLD = QueuedSignal("t-1", "s-1", {"format": "opaque", "id": "s-1"}, {"updated": {"status": "paused"}}, 9)


def seal(value: bytes, aad: bytes) -> bytes:
    return aad + b"|" + value[::-1]


def unseal(value: bytes, aad: bytes) -> bytes:
    assert value.startswith(aad + b"|"), "sealed for another row"
    return value[len(aad) + 1 :][::-1]


@pytest.fixture
def store(database: Database) -> SqlSignalStore:
    return SqlSignalStore(database, seal, unseal)


def made(audit: AuditLog) -> AuditRecord:
    return audit.record(AuditEvent(Event.SIGNAL_STREAM))


@pytest.fixture
def record(audit: AuditLog) -> AuditRecord:
    return made(audit)


def signal(name: str, stream: str = "s-1", at: int = 10) -> QueuedSignal:
    return QueuedSignal(name, stream, {"format": "opaque", "id": "x"}, {"type": {"state": "bí mật"}}, at)


def test_a_stream_comes_back_as_it_was_put_and_its_header_is_sealed(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert store.stream("s-1") == STREAM
    assert store.streams("health") == store.streams() == [STREAM]
    assert store.streams("school") == []
    assert "bí mật" not in str(stored(database, signal_streams))


def test_a_signal_comes_back_with_its_transaction_and_one_from_before_there_were_any_without(
    store: SqlSignalStore, database: Database, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    named = replace(signal("q-1"), txn="act-1")
    store.queue(named)
    assert store.waiting("s-1", 9) == [named]
    before = signal("q-2")
    store.queue(before)
    body = seal(orjson.dumps([before.subject, before.events]), b"q-2")
    rewrite = update(signal_queue).where(signal_queue.c.id == "q-2").values(body=bindparam("old"))
    database.run(database.prepare(rewrite), {"old": body})
    assert store.waiting("s-1", 9) == [named, before]


def test_an_owner_changes_what_is_his_and_the_next_push_begins_anew(
    store: SqlSignalStore, audit: AuditLog, record: AuditRecord
) -> None:
    store.add(replace(STREAM, attempts=3, next_at=70), record)
    paused = replace(STREAM, status=StreamStatus.PAUSED, reason="bảo trì")
    assert store.set_status(paused, made(audit))
    assert store.stream("s-1") == paused
    changed = replace(STREAM, method=POLL, url="", authorization="", events=("b",), description="")
    assert store.change(changed, made(audit))
    assert store.stream("s-1") == replace(changed, status=StreamStatus.PAUSED, reason="bảo trì"), "the status is apart"


def test_what_is_removed_does_not_come_back_by_a_change(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert store.drop("s-1", made(audit))
    recorded = len(stored(database, audit_events))
    assert not store.change(STREAM, made(audit))
    assert not store.set_status(STREAM, made(audit))
    assert not store.pause(STREAM, "http_503", TOLD, made(audit))
    assert not store.claim(STREAM, 9)
    assert not store.note_push(STREAM, 1, 9)
    assert not store.note_verified(STREAM, 9)
    assert store.stream("s-1") is None
    assert len(stored(database, audit_events)) == recorded


def test_of_many_workers_one_claims_a_stream_and_writes_how_it_went(
    store: SqlSignalStore, database: Database, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert sum(in_parallel(database, 4, lambda _number: store.claim(STREAM, 120))) == 1
    assert not store.note_push(STREAM, 1, 5), "it is another's"
    assert store.note_push(replace(STREAM, next_at=120), 1, 5)
    assert store.stream("s-1") == replace(STREAM, attempts=1, next_at=5)


@pytest.mark.parametrize(
    "became",
    [
        replace(STREAM, status=StreamStatus.DISABLED, reason="bảo trì"),
        replace(STREAM, status=StreamStatus.PAUSED),
        replace(STREAM, url="https://other.example.vn/events"),
        replace(STREAM, authorization="Bearer mới"),
    ],
)
def test_a_worker_overwrites_nothing_that_the_owner_did_meanwhile(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord, became: Stream
) -> None:
    store.add(STREAM, record)
    assert store.claim(STREAM, 120)
    claimed = replace(STREAM, next_at=120)
    assert store.set_status(became, made(audit))
    assert store.change(became, made(audit))
    recorded = len(stored(database, audit_events))
    assert not store.pause(claimed, "http_503", TOLD, made(audit))
    assert not store.note_push(claimed, 4, 99)
    assert store.stream("s-1") == became
    assert store.claim(became, 9) is (became.status is StreamStatus.ENABLED)
    assert len(stored(database, audit_events)) == recorded


def test_a_claimed_stream_is_paused_with_its_record(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert store.claim(STREAM, 120)
    assert store.pause(replace(STREAM, next_at=120), "http_503", TOLD, made(audit))
    assert store.stream("s-1") == replace(STREAM, status=StreamStatus.PAUSED, reason="http_503")
    assert store.waiting("s-1", 9) == [TOLD]
    assert len(stored(database, audit_events)) == 2


def test_of_many_verifications_at_once_one_is_noted(
    store: SqlSignalStore, database: Database, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert sum(in_parallel(database, 4, lambda _number: store.note_verified(STREAM, 60))) == 1
    assert store.stream("s-1") == replace(STREAM, verified_at=60)


def test_of_many_processes_one_moves_the_position_and_queues(
    store: SqlSignalStore, database: Database, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    assert store.position() == 0
    done = in_parallel(database, 4, lambda number: store.fan_out(0, 7, [signal(f"m-{number}")]))
    assert (sum(done), store.position(), len(store.waiting("s-1", 10))) == (1, 7, 1)
    assert not store.fan_out(0, 9, [signal("late")])
    assert store.fan_out(7, 9, [])
    assert store.position() == 9


def test_what_is_done_is_gone_and_another_stream_cannot_take_it_away(
    store: SqlSignalStore, database: Database, audit: AuditLog, record: AuditRecord
) -> None:
    store.add(STREAM, record)
    store.add(replace(STREAM, id="s-2", client_id="school"), made(audit))
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
    store.add(STREAM, record)
    store.queue(signal("m-1"))
    assert store.set_status(replace(STREAM, status=StreamStatus.DISABLED), made(audit))
    assert store.waiting("s-1", 9) == []
    store.queue(signal("m-2"))
    assert store.drop("s-1", made(audit))
    assert not store.drop("s-1", made(audit))
    assert (stored(database, signal_queue), stored(database, signal_streams)) == ([], [])


def test_what_has_waited_for_too_long_is_taken_away(store: SqlSignalStore, record: AuditRecord) -> None:
    store.add(STREAM, record)
    for at in (1, 2, 3):
        store.queue(signal(f"m-{at}", at=at))
    assert store.purge(3) == 2
    assert [one.id for one in store.waiting("s-1", 9)] == ["m-3"]
