"""Locks over each database: grounds, sessions, two persons, and what many at once do."""

from __future__ import annotations

import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import Event
from idp.model.session import Origin
from idp.ports.audit import AuditQuery
from idp.services.locks import AccountLocks, Ground, ground
from idp.services.sessions import SessionService
from idp.storage.database import Database
from idp.storage.tables import account_locks
from policies import assurance
from policies.locks import Reason
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.guarded import make_locks
from tests.support.stores import in_parallel, stored

CODE, CLERK, OTHER = sample_code(1), "account:clerk", "account:other"
TK03 = Ground(Reason.AUTHORITY_REQUEST, "điều tra", "TK03-12/2026")
OWN = Ground(Reason.OWN_REQUEST, "theo đề nghị")


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    """Return the services over the test's database."""
    return make_people(database, clock)


@pytest.fixture
def both(people: People) -> tuple[AccountLocks, SessionService]:
    """Return the locks and the sessions."""
    return make_locks(people)


@pytest.fixture
def locks(both: tuple[AccountLocks, SessionService]) -> AccountLocks:
    """Return the locks."""
    return both[0]


@pytest.fixture
def account_id(people: People) -> str:
    """Return a citizen's account."""
    return people.add(CODE)


def state(people: People, account_id: str) -> str:
    return people.accounts.get(account_id).state


def events(people: People, event: Event) -> list[dict[str, object]]:
    return people.audit.search(AuditQuery(events=(event.value,)))


def test_lock_ends_sessions_at_once_and_keeps_its_ground(
    people: People, both: tuple[AccountLocks, SessionService], account_id: str
) -> None:
    locks, sessions = both
    _session, secret = sessions.start(account_id, assurance.LOA_1, ("pwd",), Origin("192.0.2.1", "thử"))
    locks.lock(account_id, TK03, actor=CLERK)
    assert (state(people, account_id), people.accounts.get(account_id).state_reason) == ("locked", "authority_request")
    assert sessions.of_cookie(secret) is None
    (row,) = stored(people.database, account_locks)
    assert (row["reason_code"], row["reference"], row["reason"]) == ("authority_request", "TK03-12/2026", "điều tra")
    (event,) = events(people, Event.ACCOUNT_LOCK)
    assert event["actor"] == CLERK
    assert event["detail"] == {"ground": "authority_request", "scope": "account", "reference": "TK03-12/2026"}


def test_account_is_free_only_when_its_last_ground_is_gone(
    people: People, locks: AccountLocks, account_id: str
) -> None:
    locks.lock(account_id, OWN)
    locks.lock(account_id, Ground(Reason.CARD_EXPIRED))
    locks.unlock(account_id, reason="thẻ mới", code="card_expired")
    assert state(people, account_id) == "locked"
    assert [row.reason_code for row in locks.live(account_id)] == ["own_request"]
    locks.unlock(account_id, reason="đề nghị mở")
    assert (state(people, account_id), locks.live(account_id)) == ("active", [])
    assert {row.reason_code: row.end_reason for row in locks.history(account_id)} == {
        "card_expired": "thẻ mới", "own_request": "đề nghị mở",
    }  # fmt: skip


def test_same_ground_twice_is_refused_and_another_is_not(locks: AccountLocks, account_id: str) -> None:
    locks.lock(account_id, OWN)
    with pytest.raises(Refused):
        locks.lock(account_id, OWN)
    locks.lock(account_id, TK03)


def test_authority_requested_lock_wants_two_persons_and_the_refusal_is_recorded(
    people: People, locks: AccountLocks, account_id: str
) -> None:
    locks.lock(account_id, TK03)
    for approver in ("", CLERK):
        with pytest.raises(Refused) as caught:
            locks.unlock(account_id, reason="xong", actor=CLERK, approver=approver)
        assert caught.value.code == "two_persons_needed"
    assert state(people, account_id) == "locked"
    locks.unlock(account_id, reason="xong", actor=CLERK, approver=OTHER)
    assert state(people, account_id) == "active"
    refused = [row for row in events(people, Event.ACCOUNT_UNLOCK) if row["outcome"] == "refused"]
    done = [row for row in events(people, Event.ACCOUNT_UNLOCK) if row["outcome"] == "done"]
    assert [row["reason"] for row in refused] == ["two_persons_needed"] * 2
    assert done[0]["detail"] == {"grounds": ["authority_request"], "approver": OTHER, "opens": True}


def test_no_other_way_leads_around_the_second_person(people: People, locks: AccountLocks, account_id: str) -> None:
    locks.lock(account_id, TK03)
    with pytest.raises(Refused):
        people.accounts.change_state(account_id, "active", reason="trick", actor=CLERK)
    locks.lock(account_id, OWN)
    locks.unlock(account_id, reason="mine only", code="own_request", actor=CLERK)
    assert state(people, account_id) == "locked"


def test_lock_with_an_end_ends_on_its_own_and_says_so(
    people: People, locks: AccountLocks, account_id: str, clock: FrozenClock
) -> None:
    locks.lock(account_id, Ground(Reason.CARD_EXPIRED, ends_at=clock.now() + 60))
    assert locks.end_due() == 0
    clock.advance(61)
    assert state(people, account_id) == "locked"
    assert (locks.end_due(), locks.end_due()) == (1, 0)
    assert state(people, account_id) == "active"
    (event,) = events(people, Event.ACCOUNT_UNLOCK)
    assert (event["actor"], event["reason"]) == ("system", "time_over")


def test_lock_of_the_sign_in_leaves_sessions_alone_and_ends_by_the_clock(
    people: People, both: tuple[AccountLocks, SessionService], account_id: str, clock: FrozenClock
) -> None:
    locks, sessions = both
    _session, secret = sessions.start(account_id, assurance.LOA_1, ("pwd",), Origin("192.0.2.1", "thử"))
    locks.lock(account_id, Ground(Reason.FAILED_TRIES, ends_at=clock.now() + 60), actor="system")
    assert (state(people, account_id), locks.closes_sign_in(account_id)) == ("active", True)
    assert sessions.of_cookie(secret) is not None
    clock.advance(61)
    assert not locks.closes_sign_in(account_id)


def test_lock_without_a_ground_is_undone_as_before(people: People, locks: AccountLocks, account_id: str) -> None:
    people.accounts.change_state(account_id, "locked", reason="why")
    assert locks.unlock(account_id, reason="why not") == ()
    assert state(people, account_id) == "active"


@pytest.mark.parametrize(
    ("why", "problem"),
    [
        (Ground(Reason.DISSOLVED, reference="QĐ-1"), "ground_of_other_kind"),
        (Ground(Reason.AUTHORITY_REQUEST), "reference_missing"),
    ],
)
def test_ground_that_does_not_fit_is_refused(locks: AccountLocks, account_id: str, why: Ground, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        locks.lock(account_id, why)
    assert caught.value.code == problem
    assert locks.history(account_id) == []


def test_words_of_operators_are_checked(locks: AccountLocks, account_id: str, clock: FrozenClock) -> None:
    for code, reference in (("because", ""), ("operator", "x" * 201)):
        with pytest.raises(InvalidInput):
            ground(code, "", reference)
    with pytest.raises(InvalidInput):
        locks.lock(account_id, Ground(Reason.OPERATOR, ends_at=clock.now()))
    with pytest.raises(NotFound):
        locks.lock("nobody", OWN)


def test_closed_account_is_neither_locked_nor_unlocked(people: People, locks: AccountLocks, account_id: str) -> None:
    locks.lock(account_id, OWN)
    people.accounts.change_state(account_id, "closed", reason="đã đóng")
    with pytest.raises(Refused):
        locks.lock(account_id, TK03)
    with pytest.raises((Refused, Conflict)):
        locks.unlock(account_id, reason="no")
    assert state(people, account_id) == "closed"


def test_nothing_to_unlock_is_said(locks: AccountLocks, account_id: str) -> None:
    with pytest.raises(Refused):
        locks.unlock(account_id, reason="no")


def test_of_many_locks_on_one_ground_at_once_one_counts(people: People, locks: AccountLocks, account_id: str) -> None:
    def act(_number: int) -> bool:
        try:
            locks.lock(account_id, TK03)
        except Refused:
            return False
        return True

    assert sum(in_parallel(people.database, 8, act)) == 1
    assert len(events(people, Event.ACCOUNT_LOCK)) == 1


def test_lock_that_comes_while_another_ends_is_never_lost(people: People, locks: AccountLocks, account_id: str) -> None:
    for _round in range(10):
        locks.lock(account_id, OWN)

        def act(number: int) -> None:
            if number:
                locks.lock(account_id, TK03)
            else:
                locks.unlock(account_id, reason="race", code="own_request")

        in_parallel(people.database, 2, act)
        assert state(people, account_id) == "locked"
        assert [row.reason_code for row in locks.live(account_id)] == ["authority_request"]
        locks.unlock(account_id, reason="again")
        assert state(people, account_id) == "active"
