"""Accounts and identity codes over real databases."""

from __future__ import annotations

import orjson
import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, Event
from idp.ports.audit import AuditQuery
from idp.storage.database import Database
from idp.storage.tables import accounts, audit_events, credentials, identity_codes
from keys.errors import SealBroken
from policies.identity_codes import parse
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel, stored

CODE = sample_code(1)
OTHER = sample_code(2)


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    """Return the services over the test's database."""
    return make_people(database, clock)


def events(people: People, event: Event) -> list[dict[str, object]]:
    return people.audit.search(AuditQuery(events=(event.value,)))


def test_an_account_is_found_by_every_spelling_of_its_code(people: People) -> None:
    account_id = people.add(CODE)
    for typed in (
        CODE,
        f" {CODE[:3]} {CODE[3:6]}-{CODE[6:]} ",
        CODE.translate({48 + n: 0xFF10 + n for n in range(10)}),
    ):
        found = people.accounts.for_sign_in(typed)
        assert found is not None
        assert found.id == account_id


def test_nothing_but_its_code_finds_an_account(people: People) -> None:
    people.add(CODE)
    for typed in ("", OTHER, CODE[:-1], CODE + "\u200b1", "\u0660" + CODE[1:], "x" * 10_000, "\ud800"):
        assert people.accounts.for_sign_in(typed) is None


@pytest.mark.parametrize("typed", [CODE, f" {CODE} ", CODE.translate({48 + n: 0xFF10 + n for n in range(10)})])
def test_a_look_alike_never_makes_a_second_account(people: People, typed: str) -> None:
    people.add(CODE)
    with pytest.raises(Conflict) as caught:
        people.add(typed, name="Another name")
    assert (caught.value.field, caught.value.code) == ("code", "taken")
    assert CODE not in str(caught.value)
    assert len(stored(people.database, accounts)) == 1


def test_of_parallel_registrations_of_a_code_one_succeeds(people: People) -> None:
    def attempt(_: int) -> bool:
        try:
            people.add(CODE)
        except Conflict:
            return False
        return True

    assert sum(in_parallel(people.database, 8, attempt)) == 1
    assert len(stored(people.database, accounts)) == len(stored(people.database, identity_codes)) == 1
    assert len(events(people, Event.ACCOUNT_ADD)) == 1


def test_a_household_business_with_a_citizens_digits_is_another_account(people: People) -> None:
    business = people.add(CODE, "mst", name="Hộ kinh doanh mẫu")
    assert people.accounts.for_sign_in(CODE) == people.accounts.get(business)
    person = people.add(CODE)
    found = people.accounts.for_sign_in(CODE)
    assert found is not None
    assert found.id == person != business
    assert people.accounts.find(CODE, "mst").id == business
    with pytest.raises(Refused):
        people.accounts.merge(business, person, reason="same digits")
    with pytest.raises(InvalidInput) as caught:
        people.codes.add(person, parse("mst", CODE), reason="same digits")
    assert caught.value.code == "other_entity"


def test_a_cmnd_is_an_alias_in_the_history_and_never_a_way_in(people: People) -> None:
    account_id = people.add(CODE)
    people.codes.add(account_id, parse("cmnd", "201234567"), reason="old card")
    assert people.accounts.for_sign_in("201234567") is None
    assert people.accounts.find("201234567").id == account_id
    assert [entry.scheme for entry in people.accounts.codes(account_id) if entry.valid_to is None] == ["cmnd", "cccd"]


def test_an_external_id_that_is_taken_is_named(people: People) -> None:
    people.add(CODE, external_id="dc-1")
    with pytest.raises(Conflict) as caught:
        people.add(OTHER, external_id="dc-1")
    assert caught.value.field == "external_id"
    assert people.accounts.for_sign_in(OTHER) is None


def test_a_number_that_is_established_anew_keeps_the_account_and_the_history(
    people: People, clock: FrozenClock
) -> None:
    account_id = people.add(CODE)
    later = clock.advance(60)
    people.codes.replace(account_id, parse("cccd", CODE), parse("cccd", OTHER), reason="Quyết định 12")
    assert people.accounts.for_sign_in(CODE) is None
    assert people.accounts.find(OTHER).id == account_id
    new, old = people.accounts.codes(account_id)
    assert (new.value, new.valid_to) == (OTHER, None)
    assert (old.value, old.valid_to, old.reason) == (CODE, later, "replaced")
    assert {len(events(people, one)) for one in (Event.CODE_ADD, Event.CODE_END)} == {1}


def test_a_code_that_somebody_had_is_not_free_unless_it_was_a_mistake(people: People) -> None:
    account_id = people.add(CODE)
    code = parse("cccd", CODE)
    people.codes.end(account_id, code, reason="cancelled by the police")
    with pytest.raises(Conflict):
        people.add(CODE)
    people.codes.add(account_id, code, reason="given back")
    people.codes.end(account_id, code, ending="mistake", reason="typing error")
    with pytest.raises(Conflict):
        people.add(CODE)
    assert people.accounts.resolve(account_id) == account_id


def test_a_code_registered_by_mistake_is_free_for_its_owner(people: People) -> None:
    wrong = people.add(CODE)
    people.codes.end(wrong, parse("cccd", CODE), ending="mistake", reason="typing error")
    assert people.add(CODE) != wrong


def test_a_code_cannot_be_taken_from_another_account_nor_contradict_the_profile(people: People) -> None:
    mine, _ = people.add(CODE, gender="male"), people.add(OTHER)
    for code, kind in ((parse("cccd", OTHER), Conflict), (parse("cccd", "049599000003"), InvalidInput)):
        with pytest.raises(kind):
            people.codes.add(mine, code, reason="try")
        with pytest.raises(kind):
            people.codes.replace(mine, parse("cccd", CODE), code, reason="try")
    with pytest.raises(NotFound):
        people.codes.end(mine, parse("cccd", OTHER), reason="not mine")
    assert [entry.valid_to for entry in people.accounts.codes(mine)] == [None]


def test_states_follow_their_steps_and_say_so_in_the_log(people: People) -> None:
    account_id = people.add(CODE)
    for state, refused in (("locked", "locked"), ("active", "active"), ("closed", "active")):
        people.accounts.change_state(account_id, state, reason="why")
        assert people.accounts.get(account_id).state == state
        with pytest.raises(Refused):
            people.accounts.change_state(account_id, refused, reason="again")
    assert people.accounts.get(account_id).state_reason == "why"
    for event in (Event.ACCOUNT_LOCK, Event.ACCOUNT_UNLOCK, Event.ACCOUNT_CLOSE):
        assert [row["reason"] for row in events(people, event)] == ["why"]
    with pytest.raises(NotFound):
        people.accounts.change_state("nobody", "locked", reason="why")


def test_a_profile_is_updated_once_and_a_second_writer_is_told(people: People, clock: FrozenClock) -> None:
    account_id = people.add(CODE)
    before = people.store.get(account_id)
    assert before is not None
    clock.advance(5)
    people.accounts.update(account_id, {"name": "Công dân mẫu đã đổi", "identity_level": "2"}, reason="moved")
    account = people.accounts.get(account_id)
    assert (account.profile["name"], account.identity_level) == ("Công dân mẫu đã đổi", 2)
    assert account.updated_at > account.created_at
    record = people.audit.record(AuditEvent(Event.ACCOUNT_UPDATE))
    assert not people.store.change_profile(before, before, record)
    with pytest.raises(InvalidInput):
        people.accounts.update(account_id, {"name": "Mẫu", "birthdate": "1950-01-01"}, reason="wrong")


def test_nothing_personal_is_stored_or_logged_in_clear(people: People) -> None:
    account_id = people.add(CODE, name="Nguyễn Thị Mẫu", email="mau@example.vn", phone_number="0905000001")
    people.credentials.set_password(account_id, "một câu dài mà tôi nhớ")
    people.credentials.enrol_totp(account_id)
    people.accounts.merge(people.add(OTHER), account_id, reason="twice")
    for table in (accounts, identity_codes, credentials, audit_events):
        text = "".join(repr(row) for row in stored(people.database, table))
        for secret in (CODE, OTHER, "Nguyễn", "mau@example.vn", "905000001", "một câu dài"):
            assert secret not in text
            assert repr(secret.encode())[2:-1] not in text


def test_a_profile_sealed_for_one_account_does_not_open_for_another(people: People) -> None:
    mine, other = people.add(CODE), people.add(OTHER)
    row = people.store.get(mine)
    assert row is not None
    swap = accounts.update().where(accounts.c.id == other).values(profile=row.profile)
    people.database.run(people.database.prepare(swap))
    with pytest.raises(SealBroken):
        people.accounts.get(other)


def test_looking_at_an_account_is_recorded(people: People) -> None:
    account_id = people.add(CODE)
    people.accounts.note_shown(account_id, reveal=True, reason="at the counter")
    (row,) = events(people, Event.ACCOUNT_SHOW)
    assert (row["account_id"], row["detail"]) == (account_id, {"revealed": True})
    assert orjson.dumps(row)


def test_samples_are_counted(people: People) -> None:
    assert people.accounts.count_samples() == 0
    people.add(CODE)
    people.add("049099000001")
    assert people.accounts.count_samples() == 1
