"""Passkeys of people over real databases, with a device in software."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.authn import passkeys as passkeys_module
from idp.authn.challenges import Challenges
from idp.authn.factors.passkey import PasskeyFactor
from idp.authn.passkeys import Passkeys, relying_party
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.storage.database import Database
from idp.storage.ephemeral_sql import SqlSingleUse
from idp.storage.factors import SqlPasskeyStore
from idp.storage.tables import audit_events, passkeys
from tests.support.accounts import People, make_people, sample_code
from tests.support.authenticator import Authenticator
from tests.support.clock import FrozenClock
from tests.support.fibers import together
from tests.support.stores import in_parallel, stored

HERE, ELSEWHERE = "transaction:browser", "transaction:another"
ME = "account:me"


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    return make_people(database, clock)


@pytest.fixture
def keys(people: People, database: Database, clock: FrozenClock) -> Passkeys:
    challenges = Challenges(b"\x33" * 32, SqlSingleUse(database), clock, 600)
    party = relying_party("https://id.example.vn")
    store, seal = SqlPasskeyStore(database), people.vault.seal("factors")
    return Passkeys(store, challenges, party, seal, people.audit, clock, database.fibers)


@pytest.fixture
def account_id(people: People) -> str:
    return people.add(sample_code(1))


def enrolled(keys: Passkeys, account_id: str, device: Authenticator, name: str = "Điện thoại") -> str:
    options = keys.creation_options(account_id, "049•••0001", "Công dân mẫu 01", HERE)
    return keys.add(account_id, device.create(options), HERE, name, actor=ME).id


def refusal(keys: Passkeys, answer: str, bound_to: str = HERE, account_id: str | None = None) -> str:
    with pytest.raises(Refused) as refused:
        keys.verify(answer, bound_to, account_id)
    return refused.value.code


def test_a_passkey_is_asked_for_with_user_verification_and_no_attestation(keys: Passkeys, account_id: str) -> None:
    device = Authenticator()
    enrolled(keys, account_id, device)
    made = json.loads(keys.creation_options(account_id, "a", "b", HERE))
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert (made["attestation"], made["rp"]["id"]) == ("none", "id.example.vn")
    assert len(made["excludeCredentials"]) == 1
    used = json.loads(keys.request_options(HERE))
    assert (used["userVerification"], used["rpId"], used["allowCredentials"]) == ("required", "id.example.vn", [])
    (known,) = json.loads(keys.request_options(HERE, account_id))["allowCredentials"]
    assert known["transports"] == ["hybrid", "internal"]


def test_a_passkey_says_who_signs_in_and_remembers_when(
    keys: Passkeys, account_id: str, clock: FrozenClock, database: Database
) -> None:
    device = Authenticator()
    passkey_id = enrolled(keys, account_id, device, "  Điện thoại   của tôi ")
    clock.advance(50)
    found = keys.verify(device.get(keys.request_options(HERE)), HERE)
    assert (found.id, found.account_id, found.name, found.is_synced) == (
        passkey_id,
        account_id,
        "Điện thoại của tôi",
        False,
    )
    (row,) = stored(database, passkeys)
    assert (row["sign_count"], row["last_used_at"]) == (1, clock.now())
    assert "Điện".encode() not in row["name"]
    (event,) = [row for row in stored(database, audit_events) if row["event"] == "credential:set"]
    assert passkey_id in event["detail"]


def test_what_a_passkey_proves_is_named_by_whether_its_key_can_leave_the_device(
    keys: Passkeys, account_id: str
) -> None:
    factor = PasskeyFactor(keys)
    bound, synced = Authenticator(), Authenticator(is_synced=True, counts=False)
    enrolled(keys, account_id, bound)
    enrolled(keys, account_id, synced)
    assert factor.prove(account_id, bound.get(keys.request_options(HERE, account_id)), HERE) == "passkey"
    assert factor.prove(account_id, synced.get(keys.request_options(HERE)), HERE) == "synced_passkey"
    assert factor.prove(account_id, synced.get(keys.request_options(HERE)), HERE) == "synced_passkey"
    assert [one.item for one in factor.enrolled(account_id)] == [one.id for one in keys.of_account(account_id)]


@pytest.mark.parametrize(
    ("device", "client", "reason"),
    [
        ({"origin": "https://id.examp1e.vn"}, {}, "passkey_origin"),
        ({"origin": "http://id.example.vn"}, {}, "passkey_origin"),
        ({"origin": "https://id.example.vn:8443"}, {}, "passkey_origin"),
        ({}, {"crossOrigin": True}, "passkey_origin"),
        ({"rp_id": "example.vn"}, {}, "passkey_invalid"),
        ({"verifies": False}, {}, "passkey_invalid"),
        ({"is_synced": True}, {}, "passkey_backup_flag"),
        ({}, {"type": "webauthn.create"}, "passkey_invalid"),
        ({}, {"challenge": "AAAA"}, "passkey_challenge"),
    ],
)
@pytest.mark.spec("Web Authentication", "7.2")
def test_an_answer_from_elsewhere_or_without_verification_proves_nothing(
    keys: Passkeys, account_id: str, device: dict[str, object], client: dict[str, Any], reason: str
) -> None:
    mine = Authenticator()
    enrolled(keys, account_id, mine)
    for name, value in device.items():
        setattr(mine, name, value)
    assert refusal(keys, mine.get(keys.request_options(HERE), **client)) == reason


@pytest.mark.parametrize("device", [{"origin": "https://id.examp1e.vn"}, {"rp_id": "example.vn"}, {"verifies": False}])
@pytest.mark.spec("Web Authentication", "7.1")
def test_nothing_is_enrolled_from_elsewhere_or_without_verification(
    keys: Passkeys, account_id: str, device: dict[str, object]
) -> None:
    with pytest.raises(Refused):
        enrolled(keys, account_id, Authenticator(**device))  # type: ignore[arg-type]
    assert keys.of_account(account_id) == ()


def test_a_challenge_belongs_to_one_browser_one_purpose_and_its_time(
    keys: Passkeys, account_id: str, clock: FrozenClock
) -> None:
    device = Authenticator()
    enrolled(keys, account_id, device)
    assert refusal(keys, device.get(keys.request_options(HERE)), ELSEWHERE) == "passkey_challenge"
    assert refusal(keys, device.get(keys.creation_options(account_id, "a", "b", HERE))) == "passkey_challenge"
    late = device.get(keys.request_options(HERE))
    clock.advance(601)
    assert refusal(keys, late) == "passkey_challenge"


def test_an_answered_challenge_is_answered_for_good(keys: Passkeys, account_id: str) -> None:
    device = Authenticator(is_synced=True, counts=False)
    enrolled(keys, account_id, device)
    answer = device.get(keys.request_options(HERE))
    keys.verify(answer, HERE)
    assert refusal(keys, answer) == "passkey_replay"


def test_64_parallel_uses_of_one_answer_are_one_use(keys: Passkeys, account_id: str, database: Database) -> None:
    device = Authenticator(is_synced=True, counts=False)
    enrolled(keys, account_id, device)
    answer = device.get(keys.request_options(HERE))

    def use(_number: int) -> bool:
        try:
            return keys.verify(answer, HERE).account_id == account_id
        except Refused:
            return False

    keys._ceremonies()
    assert sum(in_parallel(database, 64, use)) == 1


def test_fibers_that_use_one_answer_make_one_use(keys: Passkeys, account_id: str, database: Database) -> None:
    device = Authenticator()
    enrolled(keys, account_id, device)
    answer = device.get(keys.request_options(HERE))
    outcomes = together(database.fibers, *[lambda: keys.verify(answer, HERE)] * 16)
    assert sum(not isinstance(one, BaseException) for one in outcomes) == 1
    assert {one.code for one in outcomes if isinstance(one, Refused)} <= {"passkey_replay", "passkey_counter"}


def test_a_counter_that_does_not_rise_is_a_copied_key(keys: Passkeys, account_id: str) -> None:
    device = Authenticator()
    enrolled(keys, account_id, device)
    device.keys[0].sign_count = 6
    keys.verify(device.get(keys.request_options(HERE)), HERE)
    device.keys[0].sign_count = 6
    assert refusal(keys, device.get(keys.request_options(HERE))) == "passkey_counter"
    device.keys[0].sign_count, device.counts = 0, False
    assert refusal(keys, device.get(keys.request_options(HERE))) == "passkey_counter"


def test_another_persons_passkey_is_no_proof(keys: Passkeys, people: People, account_id: str) -> None:
    mine, theirs = Authenticator(), Authenticator()
    other = people.add(sample_code(2))
    enrolled(keys, account_id, mine)
    enrolled(keys, other, theirs)
    answer = theirs.get(keys.request_options(HERE, account_id))
    assert refusal(keys, answer, account_id=account_id) == "passkey_of_another"
    theirs.keys[0].user_handle = account_id.encode()
    assert refusal(keys, theirs.get(keys.request_options(HERE))) == "passkey_user_handle"
    assert refusal(keys, mine.get(keys.request_options(HERE), names_user=False)) == "passkey_user_handle"
    assert keys.verify(mine.get(keys.request_options(HERE), names_user=False), HERE, account_id)
    assert refusal(keys, Authenticator(keys=[*mine.keys]).create(keys.creation_options(other, "a", "b", HERE)))


def test_one_credential_is_one_persons(keys: Passkeys, people: People, account_id: str) -> None:
    device = Authenticator(next_id=b"\x07" * 32)
    enrolled(keys, account_id, device)
    with pytest.raises(Conflict):
        enrolled(keys, people.add(sample_code(2)), device)


@pytest.mark.parametrize("nonsense", ["", "{}", "[]", "null", '"x"', '{"id":1}', "x" * 20_000, '{"id":"é"}', "\ud800"])
def test_nonsense_is_refused_before_anything_is_asked(keys: Passkeys, nonsense: str) -> None:
    assert refusal(keys, nonsense) == "passkey_malformed"
    assert keys.owner(nonsense) is None


def test_names_are_the_persons_and_bounded(keys: Passkeys, people: People, account_id: str) -> None:
    passkey_id = enrolled(keys, account_id, Authenticator())
    keys.rename(account_id, passkey_id, "Máy tính ở nhà", actor=ME)
    assert keys.of_account(account_id)[0].name == "Máy tính ở nhà"
    for wrong in ("", "   ", "x" * 61, "a\x00b", "\ud800"):
        with pytest.raises(InvalidInput):
            keys.rename(account_id, passkey_id, wrong, actor=ME)
    with pytest.raises(NotFound):
        keys.rename(people.add(sample_code(2)), passkey_id, "Của tôi", actor=ME)


def test_nobody_has_passkeys_without_end(keys: Passkeys, account_id: str, monkeypatch, database: Database) -> None:
    monkeypatch.setattr(passkeys_module, "MOST", 3)

    def one_more(_number: int) -> bool:
        try:
            return bool(enrolled(keys, account_id, Authenticator()))
        except InvalidInput:
            return False

    keys._ceremonies()
    assert sum(in_parallel(database, 8, one_more)) == 3
    assert len(keys.of_account(account_id)) == 3


@pytest.mark.parametrize(
    ("issuer", "party"),
    [
        ("https://id.example.vn", ("id.example.vn", "https://id.example.vn", True)),
        ("http://localhost:8000", ("localhost", "http://localhost:8000", True)),
        ("https://example.vn/id", ("example.vn", "https://example.vn", True)),
        ("http://127.0.0.1:8000", ("127.0.0.1", "http://127.0.0.1:8000", False)),
        ("http://[::1]:8000", ("::1", "http://[::1]:8000", False)),
    ],
)
def test_the_relying_party_is_the_issuers_host(issuer: str, party: tuple[str, str, bool]) -> None:
    found = relying_party(issuer)
    assert (found.id, found.origin, found.is_usable) == party
