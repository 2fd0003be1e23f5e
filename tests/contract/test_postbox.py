"""Messages that tell of an act which is no transaction in SQL itself: there with their audit record, or neither is."""

from __future__ import annotations

from idp.model.audit import AuditEvent, Event
from idp.model.outbox import OutboxMessage
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter, SqlOutbox, SqlPostbox
from idp.storage.tables import audit_events, outbox
from tests.support.clock import START
from tests.support.stores import stored


def test_a_message_is_due_at_once_and_its_record_written(database: Database, audit: AuditLog) -> None:
    postbox = SqlPostbox(database, OutboxWriter(database, lambda plain, _aad: b"sealed:" + plain))
    message = OutboxMessage("m1", "ciba_ping", "portal", b"{}", 0, START)
    postbox.put(message, audit.record(AuditEvent(Event.DECOUPLED_ANSWER, client_id="portal")))
    assert [row["payload"] for row in stored(database, outbox)] == [b"sealed:{}"]
    assert [row["event"] for row in stored(database, audit_events)] == ["authorization:answer"]
    leased = SqlOutbox(database, lambda sealed, _aad: sealed.removeprefix(b"sealed:")).lease(START, 60, 5)
    assert [(one.id, one.kind, one.payload) for one in leased] == [("m1", "ciba_ping", b"{}")]
