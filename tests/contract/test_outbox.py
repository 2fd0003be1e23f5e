"""The outbox over real databases: each message to one worker at a time, until it arrived or was given up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import pytest

from idp import handles
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.outbox import OutboxMessage
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter, SqlOutbox
from idp.storage.purge import Purger
from idp.storage.tables import audit_events, outbox
from tests.support.clock import START
from tests.support.stores import SEALER, in_parallel, stored

Put = Callable[..., OutboxMessage]
NOW = START


@pytest.fixture
def store(database: Database) -> SqlOutbox:
    """Return the worker's side."""
    return SqlOutbox(database, SEALER.open)


@pytest.fixture
def put(database: Database) -> Put:
    """Return what puts a message in."""
    writer = OutboxWriter(database, SEALER.seal)

    def act(client: str = "portal", created_at: int = NOW) -> OutboxMessage:
        message = OutboxMessage(handles.new_id(), "backchannel_logout", client, b'{"sid":"x"}', 0, created_at)
        with database.transaction() as tx:
            writer.put(tx, message)
        return message

    return act


def states(database: Database) -> dict[str, str]:
    """Return the state of each message by id."""
    return {row["id"]: row["state"] for row in stored(database, outbox)}


def test_message_comes_out_as_it_went_in(store: SqlOutbox, put: Put, database: Database) -> None:
    message = put()
    assert b"sid" not in stored(database, outbox)[0]["payload"]
    [leased] = store.lease(NOW, 60, 10)
    assert (leased.id, leased.client_id, leased.payload, leased.attempts) == (message.id, "portal", message.payload, 1)


def test_message_of_a_transaction_that_failed_is_never_sent(store: SqlOutbox, database: Database) -> None:
    message = OutboxMessage(handles.new_id(), "backchannel_logout", "portal", b"{}", 0, NOW)
    with pytest.raises(RuntimeError, match="on purpose"), database.transaction() as tx:
        OutboxWriter(database, SEALER.seal).put(tx, message)
        raise RuntimeError("on purpose")
    assert store.lease(NOW, 60, 10) == []


def test_leased_message_is_nobody_elses_until_the_lease_runs_out(store: SqlOutbox, put: Put) -> None:
    put()
    assert len(store.lease(NOW, 60, 10)) == 1
    assert store.lease(NOW + 59, 60, 10) == []
    [again] = store.lease(NOW + 60, 60, 10)
    assert again.attempts == 2


def test_message_is_not_due_before_its_moment(store: SqlOutbox, put: Put) -> None:
    put(created_at=NOW + 10)
    assert store.lease(NOW + 9, 60, 10) == []
    assert len(store.lease(NOW + 10, 60, 10)) == 1


def test_lease_takes_the_oldest_and_no_more_than_asked(store: SqlOutbox, put: Put) -> None:
    messages = [put(created_at=NOW - age) for age in (1, 3, 2)]
    assert {one.id for one in store.lease(NOW, 60, 2)} == {messages[1].id, messages[2].id}
    assert [one.id for one in store.lease(NOW, 60, 2)] == [messages[0].id]


def test_crowd_of_workers_shares_the_messages_without_overlap(store: SqlOutbox, put: Put, database: Database) -> None:
    messages = {put().id for _ in range(40)}

    def act(_number: int) -> list[str]:
        mine: list[str] = []
        while leased := store.lease(NOW, 60, 3):
            mine += [one.id for one in leased]
        return mine

    taken = list(chain.from_iterable(in_parallel(database, 8, act)))
    assert len(taken) == len(set(taken))
    rest = [one.id for one in store.lease(NOW, 60, 100)]
    assert {*taken, *rest} == messages


def test_message_given_back_waits_for_its_next_attempt(store: SqlOutbox, put: Put, database: Database) -> None:
    message = put()
    store.lease(NOW, 60, 10)
    store.retry(message.id, NOW + 30, "http_503")
    assert store.lease(NOW + 29, 60, 10) == []
    [again] = store.lease(NOW + 30, 60, 10)
    assert (again.id, again.attempts) == (message.id, 2)
    assert stored(database, outbox)[0]["last_error"] == "http_503"


def test_sent_message_is_closed_with_its_record(
    store: SqlOutbox, put: Put, database: Database, audit: AuditLog
) -> None:
    message = put()
    store.lease(NOW, 60, 10)
    store.sent(message.id, NOW, audit.record(AuditEvent(Event.LOGOUT_NOTIFY)))
    assert states(database) == {message.id: "sent"}
    assert store.lease(NOW + 10_000, 60, 10) == []
    assert [row["outcome"] for row in stored(database, audit_events)] == ["done"]


def test_message_given_up_is_closed_with_its_reason(
    store: SqlOutbox, put: Put, database: Database, audit: AuditLog
) -> None:
    message = put()
    store.give_up(message.id, NOW, "client_gone", audit.record(AuditEvent(Event.LOGOUT_NOTIFY, Outcome.FAILED)))
    [row] = stored(database, outbox)
    assert (row["state"], row["last_error"], row["done_at"]) == ("failed", "client_gone", NOW)
    assert store.lease(NOW + 10_000, 60, 10) == []


def test_late_worker_cannot_reopen_what_another_has_sent(
    store: SqlOutbox, put: Put, database: Database, audit: AuditLog
) -> None:
    """Its lease ran out, another worker delivered, and then it comes back with a failure."""
    message = put()
    store.sent(message.id, NOW, audit.record(AuditEvent(Event.LOGOUT_NOTIFY)))
    store.retry(message.id, NOW + 1, "timeout")
    store.give_up(message.id, NOW + 2, "timeout", audit.record(AuditEvent(Event.LOGOUT_NOTIFY, Outcome.FAILED)))
    [row] = stored(database, outbox)
    assert (row["state"], row["last_error"], row["done_at"]) == ("sent", "", NOW)
    assert [row["outcome"] for row in stored(database, audit_events)] == ["done"]


def test_payload_moved_to_another_message_comes_out_empty_and_holds_up_nobody(
    store: SqlOutbox, put: Put, database: Database
) -> None:
    damaged, sound = put(), put()
    other = stored(database, outbox, id=sound.id)[0]["payload"]
    database.run(database.prepare(outbox.update().where(outbox.c.id == damaged.id).values(payload=other)))
    assert {one.id: one.payload for one in store.lease(NOW, 60, 10)} == {damaged.id: b"", sound.id: sound.payload}


def test_what_a_message_said_is_gone_once_it_has_ended(
    store: SqlOutbox, put: Put, database: Database, audit: AuditLog
) -> None:
    delivered, failed, waiting = put(), put(), put()
    store.sent(delivered.id, NOW, audit.record(AuditEvent(Event.LOGOUT_NOTIFY)))
    store.give_up(failed.id, NOW, "gone", audit.record(AuditEvent(Event.LOGOUT_NOTIFY, Outcome.FAILED)))
    payloads = {row["id"]: bytes(row["payload"]) for row in stored(database, outbox)}
    assert payloads.pop(waiting.id)
    assert set(payloads.values()) == {b""}


def test_worker_of_some_kinds_leaves_the_others(put: Put, database: Database) -> None:
    message = put()
    assert SqlOutbox(database, SEALER.open, ("mail", "sms")).lease(NOW, 60, 10) == []
    [leased] = SqlOutbox(database, SEALER.open, ("backchannel_logout", "mail")).lease(NOW, 60, 10)
    assert leased.id == message.id


def test_ended_messages_are_purged_after_a_month_and_waiting_ones_never(
    store: SqlOutbox, put: Put, database: Database, audit: AuditLog
) -> None:
    ended, waiting = put(), put()
    store.sent(ended.id, NOW, audit.record(AuditEvent(Event.LOGOUT_NOTIFY)))
    Purger(database).run(NOW + 30 * 86400)
    assert set(states(database)) == {ended.id, waiting.id}
    Purger(database).run(NOW + 30 * 86400 + 1)
    assert set(states(database)) == {waiting.id}
