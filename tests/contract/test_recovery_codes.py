"""Recovery codes and removals of factors over real databases."""

from __future__ import annotations

import re

import pytest

from idp.authn.recovery_codes import COUNT, RecoveryCodes
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.factors import Removal
from idp.storage.database import Database
from idp.storage.factors import SqlFactorRemovals, SqlPasskeyStore, SqlRecoveryCodeStore
from idp.storage.tables import audit_events, passkeys, recovery_codes
from policies.factors import may_remove
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import START, FrozenClock
from tests.support.stores import in_parallel, insert, stored

ME = "account:me"


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    return make_people(database, clock)


@pytest.fixture
def codes(people: People, database: Database, clock: FrozenClock) -> RecoveryCodes:
    return RecoveryCodes(SqlRecoveryCodeStore(database), b"\x44" * 32, people.audit, clock)


@pytest.fixture
def account_id(people: People) -> str:
    return people.add(sample_code(1))


def record(people: People, account_id: str) -> AuditRecord:
    return people.audit.record(AuditEvent(Event.CREDENTIAL_REMOVE, actor=ME, account_id=account_id))


def add_passkey(database: Database, account_id: str, number: int) -> str:
    octets = {name: bytes([number]) * 8 for name in ("digest", "credential_id", "public_key", "name")}
    values = {"sign_count": 0, "transports": "", "is_synced": 0, "is_backed_up": 0, "created_at": START + number}
    insert(database, passkeys, id=f"passkey{number}", account_id=account_id, **octets, **values)
    return f"passkey{number}"


def test_ten_codes_are_easy_to_read_aloud_and_stored_as_digests(
    codes: RecoveryCodes, account_id: str, database: Database
) -> None:
    assert codes.state(account_id) is None
    made = codes.renew(account_id, actor=ME)
    assert len(set(made)) == COUNT == 10
    assert all(re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){3}[A-HJ-NP-Z2-9]{4}", one) for one in made)
    rows = stored(database, recovery_codes)
    kept = {part for one in made for part in (one.encode(), one.replace("-", "").encode())}
    assert not any(part in bytes(row["digest"]) for row in rows for part in kept)
    state = codes.state(account_id)
    assert state is not None
    assert (state.left, state.created_at) == (10, START)


def test_a_code_works_once_however_it_is_typed(
    codes: RecoveryCodes, people: People, account_id: str, database: Database
) -> None:
    first, second, *_ = codes.renew(account_id, actor=ME)
    assert codes.use(account_id, f" {first.lower().replace('-', ' ')} ")
    assert not codes.use(account_id, first)
    assert not codes.use(people.add(sample_code(2)), second)
    for wrong in ("", "0" * 16, "ABCD-EFGH-JKLM-NPQR", "x" * 10_000, "\ud800" * 16, "İ" * 16):
        assert not codes.use(account_id, wrong)
    state = codes.state(account_id)
    assert state is not None
    assert state.left == 9
    assert [row["event"] for row in stored(database, audit_events)].count("recovery-code:use") == 1


def test_a_new_set_ends_the_old_one(codes: RecoveryCodes, account_id: str, clock: FrozenClock) -> None:
    old = codes.renew(account_id, actor=ME)
    assert codes.use(account_id, old[0])
    clock.advance(10)
    new = codes.renew(account_id, actor=ME)
    assert not codes.use(account_id, old[1])
    assert codes.use(account_id, new[0])
    state = codes.state(account_id)
    assert state is not None
    assert (state.left, state.created_at) == (9, START + 10)


def test_64_parallel_uses_of_one_code_are_one_use(codes: RecoveryCodes, account_id: str, database: Database) -> None:
    code = codes.renew(account_id, actor=ME)[0]
    assert sum(in_parallel(database, 64, lambda _: codes.use(account_id, code))) == 1
    assert [row["event"] for row in stored(database, audit_events)].count("recovery-code:use") == 1


def test_of_sets_made_at_the_same_moment_one_stands(codes: RecoveryCodes, account_id: str, database: Database) -> None:
    sets = in_parallel(database, 8, lambda _: codes.renew(account_id, actor=ME))
    assert len(stored(database, recovery_codes)) == 10
    assert sum(codes.use(account_id, one[0]) for one in sets) == 1


def test_a_factor_is_removed_with_its_record_unless_it_is_the_last(
    people: People, account_id: str, database: Database
) -> None:
    removals = SqlFactorRemovals(database)
    people.credentials.set_password(account_id, "một câu dài mà tôi nhớ")
    people.credentials.enrol_totp(account_id)
    one = add_passkey(database, account_id, 1)

    def remove(factor: str, item: str) -> Removal:
        return removals.remove(account_id, factor, item, may_remove, record(people, account_id))

    assert remove("totp", "totp") is Removal.DONE
    assert remove("totp", "totp") is Removal.ABSENT
    assert remove("passkey", "passkey9") is Removal.ABSENT
    assert remove("passkey", one) is Removal.LAST
    assert len(SqlPasskeyStore(database).of_account(account_id)) == 1
    assert [row["event"] for row in stored(database, audit_events)].count("credential:remove") == 1


def test_nobody_removes_what_is_another_persons(people: People, account_id: str, database: Database) -> None:
    theirs = add_passkey(database, people.add(sample_code(2)), 1)
    removals = SqlFactorRemovals(database)
    outcome = removals.remove(account_id, "passkey", theirs, lambda _before, _after: True, record(people, account_id))
    assert outcome is Removal.ABSENT


def test_of_two_last_factors_that_are_removed_at_once_one_stays(
    people: People, account_id: str, database: Database
) -> None:
    items = [add_passkey(database, account_id, number) for number in range(1, 5)]
    removals = SqlFactorRemovals(database)

    def remove(number: int) -> Removal:
        return removals.remove(account_id, "passkey", items[number], may_remove, record(people, account_id))

    assert in_parallel(database, 4, remove).count(Removal.DONE) == 3
    assert len(SqlPasskeyStore(database).of_account(account_id)) == 1
