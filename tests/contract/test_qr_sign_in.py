"""Requests of screens over each ephemeral store: answered once, used once, by whom it belongs to."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass

import pytest

from idp import handles
from idp.errors import NotFound, Refused
from idp.flows.pending import Held, PendingRequests
from idp.flows.qr_sign_in import QrSignIns, Terms
from idp.model.audit import Event
from idp.model.session import Origin, Session
from idp.ports.audit import AuditQuery
from idp.services.locks import AccountLocks, ground
from idp.services.sessions import SessionService
from policies import assurance
from tests.contract.test_ephemeral import Site, site
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.guarded import make_locks
from tests.support.stores import SEALER, in_parallel

__all__ = ["site"]

SCREEN, PHONE = Origin("203.0.113.9", "Chrome"), Origin("198.51.100.7", "Safari")
CROWD, LIFETIME, FRESH = 64, 120, 900


@dataclass
class Desk:
    people: People
    sessions: SessionService
    locks: AccountLocks
    pending: PendingRequests
    flow: QrSignIns
    clock: FrozenClock

    def screen(self) -> tuple[Held, str]:
        """Begin a sign-in in a new browser."""
        browser = handles.new_secret()
        return self.pending.get(self.pending.create(None, browser, "/account").id, browser), browser

    def asked(self) -> tuple[Held, str, str]:
        """Begin and show the code; returns the transaction, its browser and the handle."""
        held, browser = self.screen()
        _request, handle = self.flow.begin(held, SCREEN)
        return self.pending.get(held.pending.id, browser), browser, handle

    def phone(self, account_id: str, acr: str = assurance.LOA_1) -> Session:
        """Sign somebody in on a phone."""
        return self.sessions.start(account_id, acr, ("pwd",), PHONE)[0]

    def answer(self, handle: str, session: Session, *, right: bool = True) -> str:
        """Answer; returns the state."""
        stored = self.flow.find(handle)
        assert stored is not None
        number = (
            stored.request.number if right else next(n for n in stored.request.choices if n != stored.request.number)
        )
        return self.flow.answer(stored, session, number, PHONE, "CASE").state


@pytest.fixture
def desk(site: Site, sqlite_database, clock: FrozenClock) -> Desk:
    people = make_people(site.database or sqlite_database, clock)
    locks, sessions = make_locks(people)
    store = site.stores.transactions
    pending = PendingRequests(store, clock, 1800, SEALER.seal, SEALER.open)
    flow = QrSignIns(
        store, pending, people.accounts, sessions, people.audit, clock, Terms(LIFETIME, FRESH),
        SEALER.seal, SEALER.open, secrets.randbelow,
    )  # fmt: skip
    return Desk(people, sessions, locks, pending, flow, clock)


@pytest.fixture
def owner(desk: Desk) -> str:
    return desk.people.add(sample_code(1))


def answers(desk: Desk) -> list[dict[str, object]]:
    return desk.people.audit.search(AuditQuery(events=(Event.QR_ANSWER.value,)))


def test_screen_is_signed_in_with_a_session_of_its_own(desk: Desk, owner: str) -> None:
    held, browser, handle = desk.asked()
    phone = desk.phone(owner, assurance.LOA_2)
    desk.clock.advance(30)
    assert desk.answer(handle, phone) == "approved"
    signed_in = desk.flow.collect(held, SCREEN, None)
    session = desk.sessions.of_cookie(signed_in.secret)
    assert session is not None
    assert (session.account_id, session.acr, session.amr) == (owner, assurance.LOA_2, ("pwd", "mca"))
    assert session.id != phone.id
    assert session.auth_time == phone.auth_time
    pending = desk.pending.get(held.pending.id, browser).pending
    assert (pending.signed_in_at, pending.account_chosen, pending.qr) == (phone.auth_time, True, "")
    (event,) = answers(desk)
    assert (event["outcome"], event["account_id"], event["session_id"]) == ("done", owner, phone.id)
    assert sample_code(1) not in str(event)


def test_what_the_phone_proved_before_the_request_is_no_sign_in_of_this_transaction(desk: Desk, owner: str) -> None:
    phone = desk.phone(owner)
    desk.clock.advance(60)
    held, browser, handle = desk.asked()
    desk.answer(handle, phone)
    assert desk.flow.collect(held, SCREEN, None).session.auth_time == phone.auth_time
    assert desk.pending.get(held.pending.id, browser).pending.signed_in_at == 0


def test_of_a_crowd_of_approvals_one_counts(desk: Desk, owner: str) -> None:
    held, _browser, handle = desk.asked()
    phone = desk.phone(owner)

    def act(_number: int) -> str:
        try:
            return desk.answer(handle, phone)
        except NotFound:
            return "late"

    assert Counter(in_parallel(desk.people.database, CROWD, act)) == {"approved": 1, "late": CROWD - 1}
    assert len(answers(desk)) == 1
    assert desk.flow.collect(held, SCREEN, None).session.account_id == owner


def test_approval_is_collected_once_however_many_tabs_ask(desk: Desk, owner: str) -> None:
    held, _browser, handle = desk.asked()
    desk.answer(handle, desk.phone(owner))

    def act(_number: int) -> bool:
        try:
            desk.flow.collect(held, SCREEN, None)
        except NotFound:
            return False
        return True

    assert sum(in_parallel(desk.people.database, 16, act)) == 1


def test_wrong_number_ends_the_request(desk: Desk, owner: str) -> None:
    held, _browser, handle = desk.asked()
    phone = desk.phone(owner)
    assert desk.answer(handle, phone, right=False) == "denied"
    with pytest.raises(NotFound):
        desk.answer(handle, phone)
    with pytest.raises(NotFound):
        desk.flow.collect(held, SCREEN, None)
    assert [event["reason"] for event in answers(desk)] == ["wrong_number"]


def test_person_says_that_it_was_not_them(desk: Desk, owner: str) -> None:
    _held, _browser, handle = desk.asked()
    stored = desk.flow.find(handle)
    assert stored is not None
    assert desk.flow.answer(stored, desk.phone(owner), None, PHONE, "CASE").state == "denied"
    assert [(event["outcome"], event["reason"]) for event in answers(desk)] == [("refused", "declined")]


def test_another_transaction_gets_nothing_of_an_approval(desk: Desk, owner: str) -> None:
    _held, _browser, handle = desk.asked()
    other, browser = desk.screen()
    stolen = desk.pending.change(other, qr=handle)
    desk.answer(handle, desk.phone(owner))
    with pytest.raises(NotFound):
        desk.flow.collect(stolen, SCREEN, None)
    with pytest.raises(NotFound):
        desk.flow.collect(desk.pending.get(other.pending.id, browser), SCREEN, None)


def test_new_code_ends_what_the_old_one_could_do(desk: Desk, owner: str) -> None:
    held, browser, handle = desk.asked()
    desk.flow.begin(held, SCREEN)
    desk.answer(handle, desk.phone(owner))
    with pytest.raises(NotFound):
        desk.flow.collect(desk.pending.get(held.pending.id, browser), SCREEN, None)


def test_stale_phone_is_refused(desk: Desk, owner: str) -> None:
    phone = desk.phone(owner)
    desk.clock.advance(FRESH + 1)
    _held, _browser, handle = desk.asked()
    with pytest.raises(Refused) as caught:
        desk.answer(handle, phone)
    assert caught.value.code == "not_fresh"


@pytest.mark.parametrize("event", ["locked", "signed_out"])
def test_phone_that_was_locked_or_signed_out_since_signs_no_screen_in(desk: Desk, owner: str, event: str) -> None:
    held, _browser, handle = desk.asked()
    phone = desk.phone(owner)
    desk.answer(handle, phone)
    if event == "locked":
        desk.locks.lock(owner, ground("security"))
    else:
        desk.sessions.end(phone, "sign_out", f"account:{owner}")
    with pytest.raises(NotFound):
        desk.flow.collect(held, SCREEN, None)


def test_session_of_somebody_else_on_the_screen_ends(desk: Desk, owner: str) -> None:
    other = desk.people.add(sample_code(2))
    held, _browser, handle = desk.asked()
    current, secret = desk.sessions.start(other, assurance.LOA_1, ("pwd",), SCREEN)
    desk.answer(handle, desk.phone(owner))
    signed_in = desk.flow.collect(held, SCREEN, current)
    assert desk.sessions.of_cookie(secret) is None
    assert signed_in.session.account_id == owner


def test_own_session_on_the_screen_is_renewed_and_keeps_its_id(desk: Desk, owner: str) -> None:
    held, _browser, handle = desk.asked()
    current, secret = desk.sessions.start(owner, assurance.LOA_1, ("pwd",), SCREEN)
    desk.answer(handle, desk.phone(owner))
    signed_in = desk.flow.collect(held, SCREEN, current)
    assert (signed_in.session.id, signed_in.secret != secret) == (current.id, True)


@pytest.mark.parametrize("handle", ["", "x", "../../etc", "a" * 44, "ä" * 43, "a" * 43])
def test_what_is_no_handle_finds_nothing(desk: Desk, handle: str) -> None:
    assert desk.flow.find(handle) is None


def test_store_knows_neither_the_handle_nor_what_is_asked(desk: Desk) -> None:
    _held, _browser, handle = desk.asked()
    stored = desk.flow.find(handle)
    assert stored is not None
    assert handle not in stored.request.id
    assert b"Chrome" not in stored.raw
