"""Messages to people through the real outbox: once, in time or not at all, and without a trace of what they said."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import orjson
import pytest

from idp.errors import DomainError, InvalidInput, Refused
from idp.flows.messages import MessageTester, PersonSender
from idp.flows.notify import Courier
from idp.messaging.plain import FILE, ConsoleCarrier, FileCarrier
from idp.messaging.texts import LocaleTexts
from idp.model.audit import AuditEvent, Event
from idp.model.message import Channel, Message, Rendered
from idp.model.outbox import OutboxMessage
from idp.ports.carriers import Carrier, Undeliverable
from idp.services.audit import AuditLog
from idp.services.messages import to_outbox
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter, SqlOutbox, SqlPostbox, count_messages
from idp.storage.tables import audit_events, outbox
from tests.support.clock import FrozenClock
from tests.support.stores import SEALER, in_parallel, stored

TO = "+84905000001"
LIFE = 300


class Hand:
    """A carrier that keeps what it takes, and fails as long as it is told to."""

    def __init__(self) -> None:
        self.error: DomainError | None = None
        self.taken: list[tuple[str, str]] = []
        self.attempts = 0

    def deliver(self, message: Message, rendered: Rendered, reference: str) -> None:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.taken.append((reference, rendered.text))

    def check(self) -> str:
        return "ready"


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def courier(database: Database, audit: AuditLog, clock: FrozenClock, hand: Hand) -> Courier:
    return courier_of(database, audit, clock, hand)


def courier_of(database: Database, audit: AuditLog, clock: FrozenClock, carrier: Carrier) -> Courier:
    senders = {"sms": PersonSender(carrier, LocaleTexts(), clock)}
    return Courier(SqlOutbox(database, SEALER.open, ("sms",)), senders, audit, clock, batch=3)


def put(database: Database, audit: AuditLog, clock: FrozenClock, text: str = "code") -> OutboxMessage:
    """Put a message in that lives five minutes."""
    now = clock.now()
    values = {"code": "123456", "minutes": "5", "at": str(now)}
    message = to_outbox(Message(Channel.SMS, "an", TO, text, "vi", now + LIFE, values), now)
    SqlPostbox(database, OutboxWriter(database, SEALER.seal)).put(message, audit.record(AuditEvent(Event.NOTICE)))
    return message


def ending(database: Database) -> tuple[object, object, object]:
    """Return how the one message ended, and how that was recorded."""
    [row] = stored(database, outbox)
    [event] = stored(database, audit_events, event="message:send")
    assert event["account_id"] in {"an", None}
    return row["state"], event["outcome"], event["reason"]


def test_a_message_is_sent_once_and_recorded_without_what_it_said(
    courier: Courier, hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    message = put(database, audit, clock)
    assert (courier.run(), courier.run()) == (1, 0)
    assert [reference for reference, _ in hand.taken] == [message.id]
    assert ending(database) == ("sent", "done", "")
    for table in (outbox, audit_events):
        for row in stored(database, table):
            text = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
            assert b"123456" not in text
            assert TO.encode() not in text


def test_a_gateway_that_comes_back_in_time_gets_the_message(
    courier: Courier,
    hand: Hand,
    database: Database,
    audit: AuditLog,
    clock: FrozenClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(database, audit, clock)
    hand.error = DomainError("away", code="http_503")
    with caplog.at_level(logging.DEBUG):
        courier.run()
    assert TO not in caplog.text
    assert "123456" not in caplog.text
    hand.error = None
    clock.advance(2)
    courier.run()
    assert len(hand.taken) == 1
    assert ending(database) == ("sent", "done", "")


def test_a_code_that_is_late_is_not_sent(
    courier: Courier, hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    put(database, audit, clock)
    hand.error = DomainError("away", code="http_503")
    for _ in range(LIFE):
        courier.run()
        clock.advance(1)
    assert hand.attempts > 5
    hand.error = None
    clock.advance(600)
    courier.run()
    assert hand.taken == []
    assert ending(database) == ("failed", "failed", "expired")


def test_what_cannot_be_delivered_is_not_tried_again(
    courier: Courier, hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    put(database, audit, clock)
    hand.error = Undeliverable("no such number", code="http_400")
    courier.run()
    clock.advance(60)
    courier.run()
    assert hand.attempts == 1
    assert ending(database) == ("failed", "failed", "http_400")


def test_unknown_words_and_damaged_payloads_hold_up_nobody(
    courier: Courier, hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    put(database, audit, clock, "poem")
    damaged = OutboxMessage("x" * 26, "sms", "", b'{"channel":"sms"}', 0, clock.now())
    SqlPostbox(database, OutboxWriter(database, SEALER.seal)).put(damaged, audit.record(AuditEvent(Event.NOTICE)))
    good = put(database, audit, clock)
    courier.run()
    assert [reference for reference, _ in hand.taken] == [good.id]
    reasons = {row["reason"] for row in stored(database, audit_events, event="message:send", outcome="failed")}
    assert reasons == {"text_unknown", "payload_unreadable"}


def test_many_couriers_send_each_message_once(
    hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    messages = {put(database, audit, clock).id for _ in range(24)}
    in_parallel(database, 6, lambda _number: courier_of(database, audit, clock, hand).run())
    courier_of(database, audit, clock, hand).run()
    references = [reference for reference, _ in hand.taken]
    assert (len(references), set(references)) == (24, messages)


def test_an_operator_sees_counts_and_reasons_only(
    courier: Courier, hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    put(database, audit, clock)
    hand.error = Undeliverable("no such number", code="http_400")
    courier.run()
    put(database, audit, clock)
    assert count_messages(database) == [
        {"kind": "sms", "state": "failed", "last_error": "http_400", "count": 1},
        {"kind": "sms", "state": "waiting", "last_error": "", "count": 1},
    ]


def test_the_file_is_its_owners_alone_and_holds_a_line_a_message(
    database: Database, audit: AuditLog, clock: FrozenClock, tmp_path: Path
) -> None:
    path = tmp_path / FILE
    path.touch(0o644)
    for _ in range(2):
        put(database, audit, clock)
    courier_of(database, audit, clock, FileCarrier(tmp_path)).run()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [(line["channel"], line["to"], "123456" in line["body"]) for line in lines] == [("sms", TO, True)] * 2


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    message = Message(Channel.SMS, "an", TO, "test", "vi", 0)
    with pytest.raises(DomainError):
        FileCarrier(tmp_path).deliver(message, Rendered("x"), "m1")
    assert not (tmp_path / "elsewhere").exists()


def test_the_console_is_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleCarrier().deliver(Message(Channel.SMS, "an", TO, "test", "vi", 0), Rendered("xin chào"), "m1")
    written = capsys.readouterr()
    assert (written.out, "xin chào" in written.err) == ("", True)


def test_a_test_message_goes_out_at_once_and_is_recorded_without_the_address(
    hand: Hand, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    tester = MessageTester({Channel.SMS: hand}, LocaleTexts(), audit, clock)
    tester.send("sms", "0905 000 001", "vi")
    assert len(hand.taken) == 1
    hand.error = DomainError("away", code="http_503")
    with pytest.raises(DomainError):
        tester.send("sms", TO, "vi")
    with pytest.raises(InvalidInput):
        tester.send("sms", "mau@example.vn", "vi")
    with pytest.raises(Refused):
        tester.send("mail", "mau@example.vn", "vi")
    rows = stored(database, audit_events, event="message:send")
    assert [(row["outcome"], row["reason"], row["actor"]) for row in rows] == [
        ("done", "", "operator:local"),
        ("failed", "http_503", "operator:local"),
    ]
    assert all(TO not in row["detail"] and TO.encode() not in bytes(row["sealed"]) for row in rows)
