"""Answers that are given again, over SQLite and PostgreSQL: claimed once, kept sealed, free after their time."""

from __future__ import annotations

import pytest

from idp.errors import Conflict, InvalidInput
from idp.ports.idempotency import KeptAnswer
from idp.services.idempotency import LIFETIME, Attempt, Idempotency
from idp.services.vault import Seal
from idp.storage.database import Database
from idp.storage.idempotency import SqlAnswerStore
from tests.support.clock import FrozenClock
from tests.support.stores import SEALER, in_parallel


def test_of_many_at_once_one_claims_a_key(database: Database) -> None:
    def act(number: int) -> KeptAnswer | None:
        return SqlAnswerStore(database).begin("k", b"%d" % number, 10, 100)

    done = in_parallel(database, 8, act)
    assert done.count(None) == 1
    first = done.index(None)
    assert {one.fingerprint for one in done if one is not None} == {b"%d" % first}
    assert {one.answer for one in done if one is not None} == {None}


def test_answer_is_kept_until_its_time_is_over_and_let_go_only_without_one(database: Database) -> None:
    store = SqlAnswerStore(database)
    assert store.begin("k", b"a", 10, 100) is None
    store.finish("k", b"answer")
    store.forget("k")
    assert store.begin("k", b"b", 99, 200) == KeptAnswer(b"a", b"answer")
    assert store.begin("k", b"b", 100, 200) is None
    assert store.begin("k", b"b", 101, 201) == KeptAnswer(b"b", None)
    store.forget("k")
    assert store.begin("k", b"c", 102, 202) is None


@pytest.fixture
def service(database: Database, clock: FrozenClock) -> Idempotency:
    return Idempotency(SqlAnswerStore(database), clock, Seal(SEALER))


def test_repeated_request_gets_its_answer_another_one_does_not(service: Idempotency, clock: FrozenClock) -> None:
    attempt = service.begin("account:a", "k", b"request")
    assert isinstance(attempt, Attempt)
    with pytest.raises(Conflict) as pending:
        service.begin("account:a", "k", b"request")
    assert pending.value.code == "idempotency_pending"
    assert service.carry_out(attempt, lambda: (b"answer", True)) == b"answer"
    assert service.begin("account:a", "k", b"request") == b"answer"
    with pytest.raises(InvalidInput) as mismatch:
        service.begin("account:a", "k", b"another")
    assert mismatch.value.code == "idempotency_mismatch"
    assert isinstance(service.begin("account:b", "k", b"request"), Attempt)
    clock.advance(LIFETIME)
    assert isinstance(service.begin("account:a", "k", b"another"), Attempt)


def test_refusal_lets_the_key_go_and_a_crash_does_not(service: Idempotency) -> None:
    attempt = service.begin("account:a", "k", b"request")
    assert isinstance(attempt, Attempt)
    service.carry_out(attempt, lambda: (b"refused", False))
    again = service.begin("account:a", "k", b"request")
    assert isinstance(again, Attempt)

    def crash() -> tuple[bytes, bool]:
        raise OSError

    with pytest.raises(OSError):
        service.carry_out(again, crash)
    with pytest.raises(Conflict):
        service.begin("account:a", "k", b"request")


@pytest.mark.parametrize("key", ["", "a" * 256, "khóa", "a\nb"])
def test_strange_key_is_refused(service: Idempotency, key: str) -> None:
    with pytest.raises(InvalidInput):
        service.begin("account:a", key, b"request")
