"""Consents over real databases, through the service: one is current, the others stay as the proof."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event
from idp.ports.consents import Consent, ConsentCount, ConsentQuery
from idp.ports.sessions import ConsentState
from idp.services.audit import AuditLog
from idp.services.consents import ConsentService
from idp.storage.consents import SqlConsentStore
from idp.storage.database import Database
from idp.storage.tables import audit_events, consents, grants
from tests.support.clock import START, FrozenClock
from tests.support.stores import add_account, in_parallel, insert, stored

YES = ConsentState("consent", "openid profile", 6, 1, "v1")
TOLD = ConsentState("notice", "openid", 2, 0, "v1")


@pytest.fixture
def service(database: Database, audit: AuditLog, clock: FrozenClock) -> ConsentService:
    """Return the service over two people."""
    for name in ("an", "binh"):
        add_account(database, name)
    return ConsentService(SqlConsentStore(database), audit, clock)


def add_grant(database: Database, name: str, account: str, client: str, *, offline: int = 0) -> None:
    """Insert a live grant."""
    texts = {"session_id": "s", "sub": "x", "scope": "openid", "acr": "loa2", "amr": "pwd"}
    numbers = dict.fromkeys(("claims", "auth_time", "created_at", "generation", "rotated_at", "grace_used"), 0)
    ids = {"id": name, "account_id": account, "client_id": client}
    insert(database, grants, **ids, **texts, **numbers, offline=offline, expires_at=START + 3600)


def test_consent_is_kept_as_it_was_given(service: ConsentService, clock: FrozenClock) -> None:
    given = service.give("an", "portal", "session", YES)
    assert service.of_account("an") == [given]
    assert (given.claims, given.declined, given.text_version, given.given_at) == (6, 1, "v1", clock.now())
    assert service.of_account("binh") == []


@pytest.mark.parametrize(("answer", "event"), [(YES, "consent:give"), (TOLD, "consent:notice")])
def test_consent_and_notice_are_two_events(
    service: ConsentService, database: Database, answer: ConsentState, event: str
) -> None:
    service.give("an", "portal", "session", answer)
    [row] = stored(database, audit_events)
    assert (row["event"], row["actor"], row["client_id"], row["session_id"]) == (
        event,
        "account:an",
        "portal",
        "session",
    )


def test_later_consent_supersedes_and_keeps_the_earlier_one(service: ConsentService, clock: FrozenClock) -> None:
    first = service.give("an", "portal", "session", YES)
    clock.advance(10)
    second = service.give("an", "portal", "session", TOLD)
    assert service.of_account("an") == [second]
    old = next(one for one in service.search("an") if one.id == first.id)
    assert (old.ended_at, old.end_reason) == (clock.now(), "superseded")


def test_consents_of_others_stay_as_they_are(service: ConsentService) -> None:
    service.give("an", "portal", "session", YES)
    other = service.give("an", "one-stop", "session", YES)
    theirs = service.give("binh", "portal", "session", YES)
    assert service.withdraw("an", "portal", actor="account:an", reason="asked")
    assert service.of_account("an") == [other]
    assert service.of_account("binh") == [theirs]


def test_withdrawal_revokes_every_grant_of_that_client_even_offline(
    service: ConsentService, database: Database
) -> None:
    service.give("an", "portal", "session", YES)
    add_grant(database, "g1", "an", "portal")
    add_grant(database, "g2", "an", "portal", offline=1)
    add_grant(database, "g3", "an", "one-stop")
    add_grant(database, "g4", "binh", "portal")
    assert service.withdraw("an", "portal", actor="account:an", reason="asked")
    assert {row["id"]: row["revoke_reason"] for row in stored(database, grants)} == {
        "g1": "consent_withdrawn",
        "g2": "consent_withdrawn",
        "g3": None,
        "g4": None,
    }
    [row] = stored(database, audit_events, event="consent:withdraw")
    assert (row["reason"], row["account_id"], row["client_id"]) == ("asked", "an", "portal")
    [ended] = service.search("an", "portal")
    assert ended.end_reason == "withdrawn"


def test_withdrawing_what_was_never_given_does_and_records_nothing(service: ConsentService, database: Database) -> None:
    add_grant(database, "g1", "an", "portal")
    assert not service.withdraw("an", "portal", actor="account:an", reason="asked")
    assert stored(database, audit_events) == []
    assert stored(database, grants)[0]["revoked_at"] is None


def test_of_a_crowd_one_withdraws(service: ConsentService, database: Database) -> None:
    service.give("an", "portal", "session", YES)
    done = in_parallel(database, 8, lambda _n: service.withdraw("an", "portal", actor="account:an", reason="asked"))
    assert done.count(True) == 1
    assert len(stored(database, audit_events, event="consent:withdraw")) == 1


def test_crowd_that_gives_consent_leaves_one_current(service: ConsentService, database: Database) -> None:
    """Two windows may answer at once; whoever loses may be told so, but never are two rows current."""

    def act(number: int) -> bool:
        try:
            service.give("an", "portal", f"session{number}", YES)
        except Conflict:
            return False
        return True

    done = in_parallel(database, 8, act)
    assert any(done)
    assert len(service.of_account("an")) == 1
    assert len(service.search("an")) == done.count(True) == len(stored(database, audit_events))


def test_consent_that_cannot_be_recorded_is_not_given(
    service: ConsentService, database: Database, audit: AuditLog
) -> None:
    first = service.give("an", "portal", "session", YES)
    record = audit.write(AuditEvent(Event.REQUEST))
    with pytest.raises(Conflict):
        SqlConsentStore(database).give(Consent("id", "an", "portal", "consent", "openid", 0, 0, "v", START), record)
    assert service.of_account("an") == [first]


def test_search_is_bounded_and_newest_first(service: ConsentService, clock: FrozenClock, database: Database) -> None:
    for number in range(5):
        clock.advance(1)
        service.give("an", f"client{number}", "session", YES)
    assert [one.client_id for one in service.search(limit=2)] == ["client4", "client3"]
    assert [one.client_id for one in service.search(client_id="client0")] == ["client0"]
    assert service.search("an", "nobody") == []
    assert database.row(database.prepare(select(func.count()).select_from(consents))) == (5,)


def test_pages_and_numbers_hold_the_clients_that_were_asked_for(service: ConsentService) -> None:
    first = service.give("an", "portal", "s", YES)
    second = service.give("binh", "portal", "s", TOLD)
    third = service.give("an", "land", "s", YES)
    service.withdraw("an", "land", actor="account:an", reason="x")
    assert [one.id for one in service.page(ConsentQuery())] == [third.id, second.id, first.id]
    assert [one.id for one in service.page(ConsentQuery(before_id=third.id, limit=1))] == [second.id]
    assert [one.id for one in service.page(ConsentQuery(client_ids=("portal",), account_id="an"))] == [first.id]
    assert [one.id for one in service.page(ConsentQuery(state="ended"))] == [third.id]
    assert service.page(ConsentQuery(client_ids=())) == []
    assert service.get(third.id) is not None
    assert service.get("none") is None
    assert [(one.client_id, one.kind, one.current, one.ended) for one in service.counts(None)] == [
        ("land", "consent", 0, 1), ("portal", "consent", 1, 0), ("portal", "notice", 1, 0),
    ]  # fmt: skip
    assert [one.client_id for one in service.counts(("land",))] == ["land"]
    assert service.counts(()) == []


def test_large_figures_are_counted_once_a_minute_and_small_ones_each_time(
    database: Database, audit: AuditLog, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlConsentStore(database)
    asked: list[object] = []

    def counted(client_ids: object) -> list[ConsentCount]:
        asked.append(client_ids)
        return [ConsentCount("a", "consent", 50_000 if client_ids is None else 1, 0)]

    monkeypatch.setattr(store, "counts", counted)
    service = ConsentService(store, audit, clock)
    for _ in range(2):
        assert service.counts(None)[0].current == 50_000
        assert service.counts(("a",))[0].current == 1
    assert asked == [None, ("a",), ("a",)]
    clock.advance(60)
    service.counts(None)
    assert asked[-1] is None
