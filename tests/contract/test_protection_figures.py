"""Figures of data protection over each database: counted there, by system, within the period, without what somebody typed."""

from __future__ import annotations

import pytest

from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.data_request import DataRequest
from idp.ports.protection import ActCount, RequestCount
from idp.ports.sessions import ConsentState
from idp.services.audit import AuditLog
from idp.services.consents import ConsentService
from idp.storage.consents import SqlConsentStore
from idp.storage.data_requests import SqlDataRequestStore
from idp.storage.database import Database
from idp.storage.protection import SqlProtectionFigures
from policies.data_requests import Kind, State
from tests.support.clock import FrozenClock
from tests.support.stores import add_account

DAY = 86400
EVENTS = (Event.CONSENT_GIVE.value, Event.AUTHORIZE.value)


@pytest.fixture
def figures(database: Database) -> SqlProtectionFigures:
    for name in ("an", "binh"):
        add_account(database, name)
    return SqlProtectionFigures(database)


def test_acts_are_counted_by_system_and_reasons_that_somebody_typed_are_not_told(
    figures: SqlProtectionFigures, audit: AuditLog, clock: FrozenClock
) -> None:
    begin = clock.now()
    for client_id in ("portal", "portal", None):
        audit.write(AuditEvent(Event.CONSENT_GIVE, client_id=client_id, account_id="an"))
    for reason in ("declined", "Nguyễn Văn A đã gọi", "Trần B"):
        audit.write(AuditEvent(Event.AUTHORIZE, Outcome.REFUSED, reason, client_id="portal"))
    audit.write(AuditEvent(Event.SIGN_IN, account_id="an"))
    clock.advance(DAY)
    audit.write(AuditEvent(Event.CONSENT_GIVE, client_id="portal"))
    assert figures.acts(begin, clock.now(), EVENTS) == [
        ActCount("authorization:request", "refused", "", "portal", 2),
        ActCount("authorization:request", "refused", "declined", "portal", 1),
        ActCount("consent:give", "done", "", "", 1),
        ActCount("consent:give", "done", "", "portal", 2),
    ]


def test_requests_are_counted_by_kind_system_and_timeliness(
    figures: SqlProtectionFigures, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    store = SqlDataRequestStore(database, lambda text, _bound: text, lambda text, _bound: text)
    now = clock.now()
    rows = (
        (State.RECEIVED, None, now + DAY),
        (State.TAKEN, None, now - DAY),
        (State.ANSWERED, now - 1, now),
        (State.REFUSED, now, now),
        (State.CANCELLED, now, now + DAY),
    )
    for number, (state, ended, due) in enumerate(rows):
        request = DataRequest(
            *(f"id-{number}", f"YC-{number}", "an", "portal", Kind.DELETE, "x", now, now, due, state),
            ended_at=ended,
        )
        store.add(request, audit.record(AuditEvent(Event.DATA_REQUEST_FILE)))
    assert figures.requests(now, now + 1, now) == [RequestCount("delete", "portal", 2, 1, 1, 1, 1)]
    assert figures.requests(now + 1, now + 2, now) == []


def test_claims_that_people_agreed_to_are_told_by_system(
    figures: SqlProtectionFigures, database: Database, audit: AuditLog, clock: FrozenClock
) -> None:
    assert figures.requests(0, clock.now(), clock.now()) == []
    store = SqlConsentStore(database)
    service = ConsentService(store, audit, clock)
    for account_id, client_id, claims in (
        ("an", "portal", 1),
        ("an", "portal", 4),
        ("binh", "portal", 8),
        ("an", "b", 2),
    ):
        service.give(account_id, client_id, "s", ConsentState("consent", "openid", claims, 0, "v1"))
    assert store.agreed([("an", "portal")]) == {"portal": 5}
    assert store.agreed([("an", "portal"), ("binh", "portal"), ("binh", "b")]) == {"portal": 13}
    assert store.agreed([]) == {}
