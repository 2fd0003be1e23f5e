"""Requests of people about their data over each database: filed, taken up, extended once, decided once, warned of once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.notice import Detail, Topic
from idp.model.outbox import OutboxMessage
from idp.ports.data_requests import RequestQuery
from idp.ports.notices import NOTHING
from idp.services.audit import AuditLog
from idp.services.data_requests import LONGEST, MOST_OPEN, DataRequestService
from idp.storage.data_requests import SqlDataRequestStore
from idp.storage.database import Database
from idp.storage.tables import audit_events, data_requests
from policies.data_requests import State, Terms
from tests.support.clock import FrozenClock
from tests.support.stores import add_account, in_parallel, stored

DAY = 86400
OFFICER = "account:officer"


class Told:
    """Remembers what people were told."""

    def __init__(self) -> None:
        self.of: list[tuple[str, Topic, str]] = []

    def prepare(self, _account_id: str, _topic: Topic, _detail: Detail = NOTHING) -> list[OutboxMessage]:
        return []

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        self.of.append((account_id, topic, detail.code))


def scrambled(text: bytes, bound: bytes) -> bytes:
    key = bound[-1]
    return bytes(one ^ key for one in text)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def service(database: Database, audit: AuditLog, clock: FrozenClock, told: Told) -> DataRequestService:
    for name in ("an", "binh"):
        add_account(database, name)
    store = SqlDataRequestStore(database, scrambled, scrambled)
    return DataRequestService(store, told, audit, clock, Terms())


def test_request_is_kept_as_it_was_filed_and_its_words_are_sealed(
    service: DataRequestService, database: Database, told: Told
) -> None:
    made = service.file("an", "correct", "portal", "  Sai ngày sinh\nLàm ơn sửa  ")
    assert service.get(made.id) == made
    assert (made.text, made.state, made.client_id) == ("Sai ngày sinh\nLàm ơn sửa", State.RECEIVED, "portal")
    [row] = stored(database, data_requests)
    assert b"ng\xc3\xa0y sinh" not in bytes(row["text"])
    assert told.of == [("an", Topic.DATA_REQUEST_RECEIVED, made.number)]
    [event] = stored(database, audit_events)
    assert (event["event"], event["account_id"], event["client_id"]) == ("data-request:file", "an", "portal")
    assert "ngày sinh" not in str(event["detail"])


@pytest.mark.parametrize(
    ("kind", "text", "field"), [("explode", "x", "kind"), ("delete", " ", "text"), ("delete", "x" * 2001, "text")]
)
def test_what_is_wrong_with_a_request_is_named(service: DataRequestService, kind: str, text: str, field: str) -> None:
    assert LONGEST < 2001
    with pytest.raises(InvalidInput) as caught:
        service.file("an", kind, "", text)
    assert caught.value.field == field


def test_a_person_has_a_bounded_number_of_open_requests(service: DataRequestService) -> None:
    made = [service.file("an", "access", "", "") for _ in range(MOST_OPEN)]
    with pytest.raises(Refused) as caught:
        service.file("an", "access", "", "")
    assert caught.value.code == "too_many_requests"
    service.file("binh", "access", "", "")
    service.cancel("an", made[0].id)
    service.file("an", "access", "", "")


def test_taken_up_and_answered_within_its_times(service: DataRequestService, clock: FrozenClock, told: Told) -> None:
    made = service.file("an", "object", "", "Vì sao?")
    taken = service.take(made, OFFICER)
    clock.advance(DAY)
    ended = service.decide(taken, State.ANSWERED, "Đã dừng xử lý.", OFFICER)
    found = service.get(made.id)
    assert found == ended
    assert (ended.state, ended.answer, ended.taken_by, ended.ended_at) == (
        State.ANSWERED,
        "Đã dừng xử lý.",
        OFFICER,
        clock.now(),
    )
    topics = [topic for _, topic, _ in told.of]
    assert topics == [Topic.DATA_REQUEST_RECEIVED, Topic.DATA_REQUEST_TAKEN, Topic.DATA_REQUEST_DECIDED]


def test_who_answers_at_once_has_taken_it_up(service: DataRequestService) -> None:
    ended = service.decide(service.file("an", "access", "", ""), State.REFUSED, "Không phải dữ liệu của bạn.", OFFICER)
    assert (ended.taken_at, ended.taken_by) == (ended.ended_at, OFFICER)


def test_a_decision_is_final_and_made_once(service: DataRequestService, database: Database) -> None:
    made = service.file("an", "delete", "", "Xóa giúp")

    def decide(number: int) -> bool:
        try:
            service.decide(made, State.ANSWERED, f"lần {number}", OFFICER)
        except Conflict:
            return False
        return True

    assert sum(in_parallel(database, 8, decide)) == 1
    for act in (
        lambda one: service.take(one, OFFICER),
        lambda one: service.decide(one, State.REFUSED, "không", OFFICER),
        lambda one: service.cancel("an", one.id),
    ):
        with pytest.raises(Conflict):
            act(service.get(made.id))


def test_extension_moves_the_end_once_with_a_reason(service: DataRequestService, told: Told) -> None:
    made = service.file("an", "delete", "", "Xóa giúp")
    with pytest.raises(InvalidInput):
        service.extend(made, 5, " ", OFFICER)
    with pytest.raises(InvalidInput):
        service.extend(made, 21, "phức tạp", OFFICER)
    later = service.extend(made, 20, "phức tạp", OFFICER)
    assert later.due_at == made.due_at + 20 * DAY
    assert told.of[-1][1] is Topic.DATA_REQUEST_EXTENDED
    with pytest.raises(Refused) as caught:
        service.extend(later, 1, "nữa", OFFICER)
    assert caught.value.code == "extended_before"
    # Who extends what was extended meanwhile loses, whatever he had seen.
    with pytest.raises(Conflict):
        service.extend(made, 3, "cũ", OFFICER)


def test_only_the_person_takes_a_request_back(service: DataRequestService) -> None:
    made = service.file("an", "access", "", "")
    with pytest.raises(NotFound):
        service.cancel("binh", made.id)
    assert service.cancel("an", made.id).state is State.CANCELLED


def test_search_is_in_order_of_the_clock_that_ends_next(service: DataRequestService, clock: FrozenClock) -> None:
    late = service.file("an", "delete", "", "x")
    service.take(late, OFFICER)
    clock.advance(DAY)
    fresh = service.file("binh", "access", "portal", "")
    found = service.search(RequestQuery())
    assert [one.id for one in found] == [fresh.id, late.id]
    after = RequestQuery(after=(found[0].next_at, found[0].id))
    assert [one.id for one in service.search(after)] == [late.id]
    backwards = replace(after, after=(found[1].next_at, found[1].id), is_newest_first=True)
    assert [one.id for one in service.search(backwards)] == [fresh.id]
    for query, ids in (
        (RequestQuery(account_id="an"), [late.id]),
        (RequestQuery(client_id="portal"), [fresh.id]),
        (RequestQuery(kind="delete"), [late.id]),
        (RequestQuery(states=("taken",)), [late.id]),
        (RequestQuery(received_since=clock.now()), [fresh.id]),
        (RequestQuery(received_until=clock.now()), [late.id]),
    ):
        assert [one.id for one in service.search(query)] == ids


def test_what_was_warned_of_and_waits_hides_nothing_that_comes_later(service: DataRequestService) -> None:
    first, later = (service.file("an", "object", "", "x") for _ in range(2))
    assert [one.id for one in service.warn_due(limit=1)] == [first.id]
    assert [one.id for one in service.warn_due(limit=1)] == [later.id]
    assert service.warn_due(limit=1) == []


def test_each_clock_is_warned_of_once(service: DataRequestService, clock: FrozenClock) -> None:
    made = service.file("an", "object", "", "x")
    assert [one.id for one in service.warn_due()] == [made.id]
    assert service.warn_due() == []
    service.take(made, OFFICER)
    assert service.warn_due() == []
    clock.advance(14 * DAY)
    assert [one.id for one in service.warn_due()] == [made.id]
    assert service.warn_due() == []
