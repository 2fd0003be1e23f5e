"""Passwords and one-time codes of accounts over real databases."""

from __future__ import annotations

import base64

import bcrypt
import pytest

from idp.authn import totp
from idp.errors import Busy, InvalidInput, NotFound
from idp.storage.database import Database
from idp.storage.tables import audit_events, credentials
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.stores import in_parallel, stored

RAW = "một câu dài mà tôi nhớ"
NEXT = "một câu khác còn dài hơn"
BCRYPT = bcrypt.hashpw(RAW.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    """Return the services over the test's database."""
    return make_people(database, clock)


@pytest.fixture
def account_id(people: People) -> str:
    """Return an account without credentials."""
    return people.add(sample_code(1))


def events(people: People) -> list[tuple[str, str]]:
    rows = stored(people.database, audit_events)
    return [(str(row["event"]), str(row["detail"])) for row in rows if str(row["event"]).startswith("credential")]


def test_an_issued_password_may_not_be_kept(people: People, account_id: str) -> None:
    people.credentials.set_password(account_id, RAW, must_change=True)
    with pytest.raises(InvalidInput) as refused:
        people.credentials.set_password(account_id, RAW)
    assert (refused.value.field, refused.value.code) == ("password", "password_unchanged")
    assert people.credentials.verify_password(account_id, RAW).must_change
    people.credentials.set_password(account_id, NEXT)
    people.credentials.set_password(account_id, NEXT)


def test_a_password_verifies_and_says_whether_it_must_change(people: People, account_id: str) -> None:
    people.credentials.set_password(account_id, RAW, must_change=True)
    check = people.credentials.verify_password(account_id, RAW)
    assert (check.ok, check.must_change) == (True, True)
    people.credentials.set_password(account_id, NEXT)
    check = people.credentials.verify_password(account_id, NEXT)
    assert (check.ok, check.must_change) == (True, False)
    assert not people.credentials.verify_password(account_id, RAW).ok
    assert events(people) == [("credential:set", '{"kind":"password"}')] * 2


def test_unknown_accounts_and_accounts_without_password_fail_alike(people: People, account_id: str) -> None:
    assert not people.credentials.verify_password(None, RAW).ok
    assert not people.credentials.verify_password(account_id, RAW).ok
    assert not people.credentials.verify_password("nobody", RAW).ok


def test_a_new_password_must_not_hold_a_code_of_the_account(people: People, account_id: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        people.credentials.set_password(account_id, f"xin chào {sample_code(1)}")
    assert caught.value.code == "password_contains_code"
    assert not people.credentials.has(account_id, "password")


def imported(people: People) -> str:
    weak = people.credentials.imported_password(BCRYPT)
    values = {"code_type": "cccd", "code": sample_code(2), "name": "Công dân mẫu"}
    return people.accounts.add(people.accounts.draft(values), (weak,))


def test_an_imported_hash_is_upgraded_at_the_first_right_password_only(people: People) -> None:
    account_id = imported(people)
    assert not people.credentials.verify_password(account_id, NEXT).ok
    assert events(people) == []
    for _ in range(2):
        assert people.credentials.verify_password(account_id, RAW).ok
    (row,) = stored(people.database, credentials)
    assert row["secret"].startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert events(people) == [("credential:upgrade", '{"kind":"password"}')]


def test_an_upgrade_never_undoes_a_password_that_was_set_meanwhile(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = imported(people)
    hashing = people.credentials._hasher.hash

    def slow_hash(raw: str) -> str:
        monkeypatch.undo()
        people.credentials.set_password(account_id, NEXT)
        return hashing(raw)

    monkeypatch.setattr(people.credentials._hasher, "hash", slow_hash)
    assert people.credentials.verify_password(account_id, RAW).ok
    assert people.credentials.verify_password(account_id, NEXT).ok
    assert not people.credentials.verify_password(account_id, RAW).ok


def test_a_full_pool_does_not_turn_a_right_password_away(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    account_id = imported(people)

    def full(raw: str) -> str:
        raise Busy("full")

    monkeypatch.setattr(people.credentials._hasher, "hash", full)
    assert people.credentials.verify_password(account_id, RAW).ok


def test_a_one_time_code_works_once_among_64_parallel_uses(people: People, account_id: str, clock: FrozenClock) -> None:
    seed = enrolled(people, account_id)
    code = totp.code_at(seed, clock.now() // totp.STEP)
    uses = in_parallel(people.database, 64, lambda _: people.credentials.verify_totp(account_id, code))
    assert sum(uses) == 1
    assert not people.credentials.verify_totp(account_id, code)
    clock.advance(totp.STEP)
    assert not people.credentials.verify_totp(account_id, code)
    assert people.credentials.verify_totp(account_id, totp.code_at(seed, clock.now() // totp.STEP))


def enrolled(people: People, account_id: str) -> bytes:
    secret = people.credentials.enrol_totp(account_id).secret
    return base64.b32decode(secret)


def test_a_seed_is_stored_sealed_and_a_new_one_replaces_it(people: People, account_id: str, clock: FrozenClock) -> None:
    old = enrolled(people, account_id)
    new = enrolled(people, account_id)
    (row,) = stored(people.database, credentials)
    assert new not in row["secret"]
    step = clock.now() // totp.STEP
    assert not people.credentials.verify_totp(account_id, totp.code_at(old, step))
    assert people.credentials.verify_totp(account_id, totp.code_at(new, step))


def test_a_removed_factor_is_gone_and_the_log_says_so(people: People, account_id: str) -> None:
    people.credentials.enrol_totp(account_id)
    assert people.credentials.kinds(account_id) == {"totp"}
    people.credentials.remove(account_id, "totp")
    assert people.credentials.kinds(account_id) == frozenset()
    assert not people.credentials.verify_totp(account_id, "000000")
    with pytest.raises(NotFound):
        people.credentials.remove(account_id, "totp")
    assert [event for event, _ in events(people)] == ["credential:set", "credential:remove"]
