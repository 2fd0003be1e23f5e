"""Sessions over real databases, through the service: who is signed in, and that an end is an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from idp import handles
from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event
from idp.model.session import Origin, Session
from idp.ports.sessions import ConsentState
from idp.services.audit import AuditLog
from idp.services.sessions import BACKCHANNEL_LOGOUT, SessionPolicy, SessionService
from idp.storage.database import Database
from idp.storage.outbox import OutboxWriter, SqlOutbox
from idp.storage.sessions import SqlSessionStore
from idp.storage.tables import audit_events, consents, grants, outbox, registry_versions, sessions, subjects
from policies.assurance import LOA_1, LOA_2
from tests.support.clock import START, FrozenClock
from tests.support.stores import SEALER, add_account, in_parallel, insert, stored

LOA2 = "urn:example:loa2"
ORIGIN = Origin("192.0.2.1", "Trình duyệt mẫu")


@pytest.fixture
def store(database: Database) -> SqlSessionStore:
    """Return the SQL store."""
    return SqlSessionStore(database, OutboxWriter(database, SEALER.seal))


@pytest.fixture
def service(store: SqlSessionStore, audit: AuditLog, clock: FrozenClock, database: Database) -> SessionService:
    """Return the service; the client ``deaf`` has no back-channel logout URI."""
    for name in ("an", "binh"):
        add_account(database, name)
    policy = SessionPolicy(lifetime=3600, idle=600)
    return SessionService(store, audit, clock, policy, SEALER.seal, SEALER.open, lambda client: client != "deaf")


@pytest.fixture
def grant(database: Database) -> Callable[..., str]:
    """Return a maker of grants."""

    def make(session: Session, client_id: str, **values: object) -> str:
        grant_id = handles.new_id()
        defaults: dict[str, object] = {
            "id": grant_id,
            "account_id": session.account_id,
            "client_id": client_id,
            "session_id": session.id,
            "sub": f"sub-{client_id}",
            "scope": "openid",
            "claims": 0,
            "auth_time": START,
            "acr": LOA2,
            "amr": "pwd",
            "created_at": START,
            "expires_at": START + 3600,
            "offline": 0,
            "generation": 0,
            "rotated_at": 0,
            "grace_used": 0,
        }
        insert(database, grants, **{**defaults, **values})
        return grant_id

    return make


def start(service: SessionService, account: str = "an") -> tuple[Session, str]:
    """Start a session."""
    return service.start(account, LOA2, ("pwd",), ORIGIN)


def test_session_is_found_by_its_cookie_only(service: SessionService, clock: FrozenClock) -> None:
    session, secret = start(service)
    assert service.of_cookie(secret) == session
    assert session.expires_at == clock.now() + 3600
    assert [service.of_cookie(other) for other in (None, "", "x", secret + "x", session.id)] == [None] * 5


def test_cookie_and_address_are_not_readable_in_the_database(service: SessionService, database: Database) -> None:
    _, secret = start(service)
    for row in (*stored(database, sessions), *stored(database, audit_events)):
        text = b" ".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
        assert secret.encode() not in text
        assert b"192.0.2.1" not in text


def test_sign_in_is_recorded_with_the_session(service: SessionService, database: Database) -> None:
    session, _ = start(service)
    [row] = stored(database, audit_events)
    assert (row["event"], row["actor"], row["session_id"]) == ("session:sign-in", "account:an", session.id)
    assert orjson.loads(row["detail"]) == {"acr": LOA2, "amr": ["pwd"]}


def test_session_for_nobody_is_refused_and_not_recorded(service: SessionService, database: Database) -> None:
    with pytest.raises(Conflict):
        start(service, "nobody")
    assert stored(database, audit_events) == []


def test_session_ends_by_age(service: SessionService, clock: FrozenClock) -> None:
    session, secret = start(service)
    for _ in range(6):
        clock.advance(599)
        assert service.snapshot(secret, "portal", "sector") is not None
    clock.advance(5)
    assert service.of_cookie(secret) is not None
    clock.advance(1)
    assert clock.now() == session.expires_at
    assert service.of_cookie(secret) is None
    assert service.snapshot(secret, "portal", "sector") is None


def test_session_ends_by_idleness_and_use_keeps_it_alive(service: SessionService, clock: FrozenClock) -> None:
    _, secret = start(service)
    clock.advance(600)
    assert service.snapshot(secret, "portal", "sector") is not None
    clock.advance(600)
    assert service.of_cookie(secret) is not None
    clock.advance(1)
    assert service.of_cookie(secret) is None
    assert service.snapshot(secret, "portal", "sector") is None


def test_renewed_session_keeps_its_id_and_voids_the_older_cookie(
    service: SessionService, clock: FrozenClock, database: Database
) -> None:
    session, old = start(service)
    clock.advance(100)
    renewed = service.renew(session, "loa3", ("pwd", "otp"), ORIGIN, is_step_up=True)
    assert renewed is not None
    again, secret = renewed
    assert (again.id, again.acr, again.amr) == (session.id, "loa3", ("pwd", "otp"))
    assert (again.auth_time, again.expires_at) == (session.auth_time, session.expires_at), (
        "a code alone is no new sign-in"
    )
    assert service.of_cookie(old) is None
    assert service.of_cookie(secret) == again
    assert [row["event"] for row in stored(database, audit_events)] == ["session:sign-in", "session:step-up"]


def test_session_of_another_sign_in_begins_its_time_anew(service: SessionService, clock: FrozenClock) -> None:
    session, _ = start(service)
    clock.advance(100)
    renewed = service.renew(session, LOA2, ("pwd",), ORIGIN)
    assert renewed is not None
    assert (renewed[0].id, renewed[0].auth_time) == (session.id, clock.now())
    assert renewed[0].expires_at == session.expires_at + 100


def test_ended_session_cannot_be_renewed(service: SessionService, database: Database) -> None:
    session, _ = start(service)
    service.end(session, "sign_out", "account:an")
    assert service.renew(session, LOA2, ("pwd",), ORIGIN) is None
    assert "session:step-up" not in {row["event"] for row in stored(database, audit_events)}


def test_snapshot_of_a_first_visit_knows_nothing_more_than_the_session(service: SessionService) -> None:
    session, secret = start(service)
    snapshot = service.snapshot(secret, "portal", "sector")
    assert snapshot is not None
    assert snapshot.session == session
    assert (snapshot.account_state, snapshot.identity_level) == ("active", 2)
    assert (snapshot.sub, snapshot.consent, snapshot.clients_version) == (None, None, 0)


def add_subject(database: Database, sub: str, account: str, sector: str, *, current: int = 1) -> None:
    """Insert a pairwise subject."""
    insert(database, subjects, sub=sub, account_id=account, sector_id=sector, current=current, created_at=START)


def add_consent(database: Database, account: str, client: str, **values: object) -> None:
    """Insert a consent."""
    fixed = {"kind": "consent", "scope": "openid profile", "claims": 6, "declined": 1, "text_version": "v1"}
    ids = {"id": handles.new_id(), "account_id": account, "client_id": client, "given_at": START}
    insert(database, consents, **{**ids, **fixed, **values})


def test_snapshot_joins_what_belongs_to_this_person_and_this_client_only(
    service: SessionService, database: Database
) -> None:
    _, secret = start(service)
    insert(database, registry_versions, name="clients", version=41)
    insert(database, registry_versions, name="keys", version=7)
    add_subject(database, "mine-old", "an", "sector", current=0)
    add_subject(database, "mine", "an", "sector")
    add_subject(database, "elsewhere", "an", "other")
    add_subject(database, "theirs", "binh", "sector")
    add_consent(database, "an", "portal", ended_at=START, end_reason="superseded", text_version="v0")
    add_consent(database, "an", "portal")
    add_consent(database, "an", "other", claims=99)
    add_consent(database, "binh", "portal", claims=98)
    snapshot = service.snapshot(secret, "portal", "sector")
    assert snapshot is not None
    assert (snapshot.sub, snapshot.clients_version) == ("mine", 41)
    assert snapshot.consent == ConsentState("consent", "openid profile", 6, 1, "v1")


@pytest.mark.parametrize("state", ["locked", "closed", "merged"])
def test_account_that_is_not_active_has_no_session_here(
    service: SessionService, database: Database, state: str
) -> None:
    add_account(database, "chau", state=state)
    _, secret = start(service, "chau")
    assert service.snapshot(secret, "portal", "sector") is None


def test_end_revokes_what_lives_from_the_session_and_tells_who_listens(
    service: SessionService, database: Database, grant: Callable[..., str], clock: FrozenClock
) -> None:
    session, secret = start(service)
    other, _ = start(service)
    mine = [grant(session, "portal"), grant(session, "deaf"), grant(session, "second")]
    kept = [grant(session, "offline", offline=1), grant(other, "portal")]
    grant(session, "gone", revoked_at=START, revoke_reason="earlier")
    told = service.end(session, "sign_out", "account:an")
    # A revoked token does not end a department's own session.
    assert sorted(told) == ["gone", "offline", "portal", "second"]
    assert service.of_cookie(secret) is None
    found = {row["id"]: (row["revoked_at"], row["revoke_reason"]) for row in stored(database, grants)}
    assert [found[one] for one in mine] == [(clock.now(), "sign_out")] * 3
    assert [found[one] for one in kept] == [(None, None)] * 2
    assert sorted(row["client_id"] for row in stored(database, outbox)) == sorted(told)


def test_message_names_session_and_subject_and_is_sealed(
    service: SessionService, database: Database, grant: Callable[..., str], clock: FrozenClock
) -> None:
    session, _ = start(service)
    grant(session, "portal")
    service.end(session, "sign_out", "account:an")
    [row] = stored(database, outbox)
    assert session.id.encode() not in row["payload"]
    [message] = SqlOutbox(database, SEALER.open).lease(clock.now(), 60, 10)
    assert (message.kind, message.client_id) == (BACKCHANNEL_LOGOUT, "portal")
    assert orjson.loads(message.payload) == {"sid": session.id, "sub": "sub-portal"}


def test_ending_twice_does_it_once(service: SessionService, database: Database, grant: Callable[..., str]) -> None:
    session, _ = start(service)
    grant(session, "portal")
    service.end(session, "sign_out", "account:an")
    service.end(session, "sign_out", "account:an")
    assert len(stored(database, outbox)) == 1
    assert len(stored(database, audit_events, event="session:sign-out")) == 1


def test_of_a_crowd_that_ends_a_session_one_tells_the_clients(
    service: SessionService, database: Database, grant: Callable[..., str]
) -> None:
    session, _ = start(service)
    grant(session, "portal")
    in_parallel(database, 8, lambda _n: service.end(session, "sign_out", "account:an"))
    assert len(stored(database, outbox)) == 1
    assert len(stored(database, audit_events, event="session:sign-out")) == 1


def test_end_by_an_operator_is_another_event(service: SessionService, database: Database) -> None:
    session, _ = start(service)
    service.end(session, "stolen", "operator:local", case_code="ABCD1234")
    [row] = stored(database, audit_events, event="session:revoke")
    assert (row["reason"], row["actor"], row["case_code"]) == ("stolen", "operator:local", "ABCD1234")


def test_failure_in_the_middle_of_an_end_leaves_everything_alive(
    service: SessionService, store: SqlSessionStore, audit: AuditLog, database: Database, grant: Callable[..., str]
) -> None:
    session, secret = start(service)
    grant(session, "portal")
    record = audit.write(AuditEvent(Event.REQUEST))
    with pytest.raises(Conflict):
        store.end(session.id, START, "sign_out", [], record)
    assert service.of_cookie(secret) is not None
    assert [row["revoked_at"] for row in stored(database, grants)] == [None]


def test_owner_sees_live_sessions_newest_first_with_where_they_came_from(
    service: SessionService, clock: FrozenClock
) -> None:
    first, _ = start(service)
    clock.advance(10)
    second, _ = service.start("an", LOA2, ("pwd",), Origin("2001:db8::1", "Máy khác"))
    ended, _ = start(service)
    service.end(ended, "sign_out", "account:an")
    start(service, "binh")
    views = service.of_account("an")
    assert [view.session.id for view in views] == [second.id, first.id]
    assert [view.origin for view in views] == [Origin("2001:db8::1", "Máy khác"), ORIGIN]


def test_end_all_keeps_the_one_that_is_named(service: SessionService) -> None:
    kept, secret = start(service)
    others = [start(service)[1] for _ in range(3)]
    _, of_binh = start(service, "binh")
    assert service.end_all("an", "password_changed", "account:an", keep=kept.id) == 3
    assert [service.of_cookie(other) for other in others] == [None] * 3
    assert service.of_cookie(secret) is not None
    assert service.of_cookie(of_binh) is not None


def test_two_sessions_never_share_a_cookie(store: SqlSessionStore, service: SessionService, audit: AuditLog) -> None:
    session, secret = start(service)
    twin = replace(session, id=handles.new_id())
    with pytest.raises(Conflict):
        store.add(twin, handles.digest(secret), b"", audit.record(AuditEvent(Event.REQUEST)))


def test_what_a_trusted_device_stood_in_for_counts_for_departments_and_for_no_page_of_ours(
    service: SessionService,
) -> None:
    session, secret = service.start("an", LOA_2, ("pwd", "rba"), ORIGIN)
    snapshot = service.snapshot(secret, "portal", "sector")
    assert snapshot is not None
    assert (snapshot.session.acr, snapshot.session.amr) == (LOA_2, ("pwd", "rba"))
    for found in (service.of_cookie(secret), service.any_of_cookie(secret)):
        assert found is not None
        assert (found.id, found.acr, found.amr) == (session.id, LOA_1, ("pwd",))
