"""Known devices over real databases, through the service: a browser is new once, and known for its account only."""

from __future__ import annotations

import pytest

from idp.errors import NotFound
from idp.model.notice import Detail, Topic
from idp.model.outbox import OutboxMessage
from idp.model.session import Origin
from idp.ports.notices import NOTHING
from idp.services.audit import AuditLog
from idp.services.devices import MOST, DeviceService
from idp.storage.database import Database
from idp.storage.devices import SqlDeviceStore
from idp.storage.outbox import OutboxWriter
from idp.storage.purge import Purger
from idp.storage.tables import audit_events, known_devices, outbox
from tests.support.clock import START, FrozenClock
from tests.support.stores import SEALER, add_account, in_parallel, stored

ORIGIN = Origin("192.0.2.7", "Trình duyệt mẫu")
PLANTED = "x" * 43
DAY = 86400


class OneMessage:
    """Notices that always have one message to send."""

    def __init__(self) -> None:
        self.topics: list[tuple[str, Topic, Detail]] = []

    def prepare(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> list[OutboxMessage]:
        self.topics.append((account_id, topic, detail))
        return [OutboxMessage(f"m{len(self.topics)}", "mail", "", b"{}", 0, START)]

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        raise AssertionError("devices are told of in their own transaction")


@pytest.fixture
def notices() -> OneMessage:
    return OneMessage()


@pytest.fixture
def service(database: Database, audit: AuditLog, clock: FrozenClock, notices: OneMessage) -> DeviceService:
    """Return the service over two people."""
    for name in ("an", "binh"):
        add_account(database, name)
    store = SqlDeviceStore(database, OutboxWriter(database, SEALER.seal))
    return DeviceService(store, notices, audit, clock, SEALER.seal, SEALER.open)


def test_a_browser_is_new_once_and_known_from_then_on(service: DeviceService, notices: OneMessage) -> None:
    first = service.recognise("an", None, ORIGIN, "Firefox, Linux")
    assert first.is_new
    assert service.recognise("an", first.secret, ORIGIN) == type(first)(first.secret, is_new=False)
    assert service.is_known("an", first.secret)
    assert notices.topics == [("an", Topic.NEW_DEVICE, Detail(browser="Firefox, Linux"))]


def test_a_browser_is_known_for_its_account_only(service: DeviceService) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    assert not service.is_known("binh", secret)
    shared = service.recognise("binh", secret, ORIGIN)
    assert (shared.secret, shared.is_new) == (secret, True)


@pytest.mark.parametrize("secret", [None, "", "short", "x" * 44, "x" * 42 + "'", "x" * 42 + "\n"])
def test_what_is_no_secret_of_ours_is_replaced(service: DeviceService, secret: str | None) -> None:
    assert not service.is_known("an", secret)
    assert service.recognise("an", secret, ORIGIN).secret != secret


def test_nobody_is_known_without_an_account(service: DeviceService) -> None:
    assert not service.is_known(None, service.recognise("an", None, ORIGIN).secret)


def test_message_record_and_device_are_one_transaction(service: DeviceService, database: Database) -> None:
    service.recognise("an", None, ORIGIN)
    [event] = stored(database, audit_events)
    [device] = stored(database, known_devices)
    assert (event["event"], event["account_id"], event["target"]) == ("device:add", "an", f"device:{device['id']}")
    assert [row["id"] for row in stored(database, outbox)] == ["m1"]


def test_one_of_many_first_sign_ins_in_a_browser_is_the_new_one(service: DeviceService, database: Database) -> None:
    found = in_parallel(database, 16, lambda _number: service.recognise("an", PLANTED, ORIGIN))
    assert [one.is_new for one in found].count(True) == 1
    assert len(stored(database, known_devices)) == len(stored(database, outbox)) == 1


def test_neither_cookie_nor_place_is_readable_in_the_database(service: DeviceService, database: Database) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    for table in (known_devices, audit_events, outbox):
        for row in stored(database, table):
            text = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
            assert secret.encode() not in text
            assert ORIGIN.address.encode() not in text


def test_two_people_of_one_browser_cannot_be_joined_in_the_database(service: DeviceService, database: Database) -> None:
    for name in ("an", "binh"):
        service.recognise(name, PLANTED, ORIGIN)
    assert len({bytes(row["digest"]) for row in stored(database, known_devices)}) == 2


def test_an_account_keeps_the_browsers_that_were_used_last(
    service: DeviceService, clock: FrozenClock, database: Database
) -> None:
    favourite = service.recognise("an", None, ORIGIN).secret
    other = service.recognise("binh", None, ORIGIN).secret
    for _ in range(MOST):
        clock.advance(1)
        service.recognise("an", favourite, ORIGIN)
        service.recognise("an", None, ORIGIN)
    assert len(service.of_account("an")) == MOST
    assert service.is_known("an", favourite)
    assert service.is_known("binh", other)


def test_a_person_sees_own_browsers_the_last_used_first(service: DeviceService, clock: FrozenClock) -> None:
    first = service.recognise("an", None, ORIGIN).secret
    clock.advance(60)
    service.recognise("an", None, Origin("192.0.2.8", "khác"))
    seen = service.of_account("an", first)
    assert [(one.origin.address, one.is_this) for one in seen] == [("192.0.2.8", False), ("192.0.2.7", True)]
    assert service.of_account("binh", first) == []


def test_a_forgotten_browser_is_new_again(service: DeviceService, database: Database) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    service.forget("an", service.of_account("an")[0].id, "account:an")
    assert not service.is_known("an", secret)
    assert service.recognise("an", secret, ORIGIN).is_new
    assert [row["event"] for row in stored(database, audit_events, event="device:forget")] == ["device:forget"]


def test_another_persons_browser_cannot_be_forgotten(service: DeviceService, database: Database) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    with pytest.raises(NotFound):
        service.forget("binh", service.of_account("an")[0].id, "account:binh")
    assert service.is_known("an", secret)
    assert stored(database, audit_events, event="device:forget") == []


def test_a_browser_not_used_for_longer_than_its_cookie_lives_is_purged(
    service: DeviceService, clock: FrozenClock, database: Database
) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    purger = Purger(database)
    purger.run(clock.now() + 400 * DAY)
    assert service.is_known("an", secret)
    purger.run(clock.now() + 400 * DAY + 1)
    assert not service.is_known("an", secret)


def test_a_browser_is_sure_from_the_first_time_with_two_factors_on(service: DeviceService) -> None:
    secret = service.recognise("an", None, ORIGIN).secret
    assert not service.is_sure("an", secret)
    service.recognise("an", secret, ORIGIN, is_sure=True)
    service.recognise("an", secret, ORIGIN)
    assert service.is_sure("an", secret)
    assert not service.is_sure("binh", secret)
    assert not service.is_sure("an", None)


def test_a_new_browser_in_which_both_factors_were_verified_at_once_is_sure(service: DeviceService) -> None:
    secret = service.recognise("an", None, ORIGIN, is_sure=True).secret
    assert service.is_sure("an", secret)
    assert [one.is_this for one in service.of_account("an", secret)] == [True]
