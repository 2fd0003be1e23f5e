"""Notices: whom they reach, by which channel, and when nobody is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from idp.errors import NotFound
from idp.model.audit import AuditEvent, AuditRecord
from idp.model.message import Channel
from idp.model.notice import REACH, Detail, Topic
from idp.model.outbox import OutboxMessage
from idp.ports.ephemeral import Count
from idp.services.contacts import Contacts, masked
from idp.services.messages import from_outbox, to_outbox
from idp.services.notices import A_DAY, NoticeService
from tests.support.clock import FrozenClock

MAIL, SMS = Channel.MAIL, Channel.SMS
BOTH = {MAIL: "mau@example.vn", SMS: "+84905000001"}


class World:
    """Collaborators in memory."""

    def __init__(self, verified: dict[Channel, str], channels: frozenset[Channel] = frozenset(Channel)) -> None:
        self.verified = verified
        self.counts: dict[str, int] = {}
        self.put_in: list[OutboxMessage] = []
        self.events: list[AuditEvent] = []
        everything: Any = self
        self.service = NoticeService(everything, everything, everything, everything, FrozenClock(), channels)

    def of(self, account_id: str) -> Contacts:
        if account_id != "an":
            raise NotFound("no such account")
        return Contacts({}, self.verified, "vi")

    def add(self, key: str, now: int, window: int, amount: int = 1) -> Count:
        self.counts[key] = self.counts.get(key, 0) + amount
        return Count(self.counts[key], now, now)

    def put(self, message: OutboxMessage, record: AuditRecord) -> None:
        self.put_in.append(message)

    def record(self, event: AuditEvent) -> AuditRecord:
        self.events.append(event)
        return AuditRecord({})

    def write(self, event: AuditEvent) -> None:
        self.events.append(event)


def kinds(messages: list[OutboxMessage]) -> list[str]:
    return [message.kind for message in messages]


def test_every_topic_says_how_far_it_goes() -> None:
    assert set(REACH) == set(Topic)


def test_mail_comes_before_sms_where_one_channel_is_enough() -> None:
    assert kinds(World(BOTH).service.prepare("an", Topic.NEW_DEVICE)) == ["mail"]


def test_the_channel_that_an_act_touched_is_used_last() -> None:
    assert kinds(World(BOTH).service.prepare("an", Topic.FACTOR_ADDED, Detail(channel="mail"))) == ["sms"]
    only_mail = World({MAIL: BOTH[MAIL]}).service
    assert kinds(only_mail.prepare("an", Topic.FACTOR_ADDED, Detail(channel="mail"))) == ["mail"]


def test_what_weighs_more_goes_to_every_verified_channel() -> None:
    assert kinds(World(BOTH).service.prepare("an", Topic.RECOVERY_STARTED)) == ["mail", "sms"]


def test_a_channel_that_is_not_set_up_is_not_used() -> None:
    assert kinds(World(BOTH, frozenset({SMS})).service.prepare("an", Topic.RECOVERY_STARTED)) == ["sms"]
    silent = World(BOTH, frozenset())
    assert silent.service.prepare("an", Topic.RECOVERY_STARTED) == []
    assert silent.events == []


def test_who_has_no_verified_contact_is_told_nothing_and_the_log_says_so() -> None:
    world = World({})
    assert world.service.prepare("an", Topic.ACCOUNT_LOCKED) == []
    [event] = world.events
    assert (event.reason, event.outcome, event.detail) == (
        "no_verified_contact",
        "failed",
        {"topic": "account_locked"},
    )


def test_an_account_that_is_gone_is_told_nothing() -> None:
    assert World(BOTH).service.prepare("binh", Topic.ACCOUNT_LOCKED) == []


def test_one_account_is_told_so_often_a_day_and_no_more() -> None:
    world = World(BOTH)
    told = [world.service.prepare("an", Topic.NEW_DEVICE) for _ in range(A_DAY + 2)]
    assert [len(one) for one in told] == [1] * A_DAY + [0, 0]
    assert [event.reason for event in world.events] == ["too_many_notices"] * 2


def test_a_flood_of_one_topic_silences_no_other() -> None:
    world = World(BOTH)
    for _ in range(A_DAY + 2):
        world.service.prepare("an", Topic.NEW_DEVICE)
    assert kinds(world.service.prepare("an", Topic.CONTACT_CHANGED)) == ["mail", "sms"]


def test_a_notice_says_what_happened_and_nothing_about_the_person() -> None:
    [message] = World(BOTH).service.prepare("an", Topic.FACTOR_ADDED, Detail("totp", "Firefox, Linux"))
    read = from_outbox(message.payload)
    assert (read.address, read.text, read.language) == (BOTH[MAIL], "factor_added", "vi")
    assert set(read.values) == {"factor", "browser", "at"}
    assert to_outbox(read, message.created_at).payload == message.payload


def test_telling_puts_the_message_and_its_record_in_together() -> None:
    world = World(BOTH)
    world.service.tell("an", Topic.PASSWORD_CHANGED)
    [message], [event] = world.put_in, world.events
    assert (event.event, event.target) == ("message:notice", f"outbox:{message.id}")
    assert BOTH[MAIL] not in str(event)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b'{"channel":"pigeon"}', orjson.dumps({"channel": "mail"})])
def test_what_is_no_message_is_not_read_as_one(payload: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_outbox(payload)


def test_addresses_are_shown_so_that_only_their_owner_knows_them() -> None:
    assert masked(SMS, "+84905000001") == "••••••001"
    assert masked(MAIL, "mau@example.vn") == "m•••@example.vn"
