"""The store of clients in memory, SQLite and PostgreSQL: ordered versions, no lost update, the audit row with each change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson
import pytest

from clients.errors import ClientConflict, ClientNotFound
from clients.model import Client
from clients.registry import ClientRegistry
from clients.repository import ClientEvent, ClientRepository
from idp import handles
from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.storage.client_history import SqlClientHistory
from idp.storage.clients import SqlClientRepository
from idp.storage.database import Database
from idp.storage.tables import audit_events, client_changes, clients
from tests.support.clock import START, FrozenClock
from tests.support.memory_clients import MemoryClients, department
from tests.support.stores import EACH_DATABASE, in_parallel, make_audit, reopened, stored

EVENT = ClientEvent("update", "portal", ("scope",), "operator:local", "a note")


@pytest.fixture(params=["memory", *EACH_DATABASE])
def repository(request: pytest.FixtureRequest) -> ClientRepository:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryClients()
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return SqlClientRepository(database, make_audit(database).record)


@pytest.fixture
def sql(database: Database, audit: AuditLog) -> SqlClientRepository:
    """Return an empty SQL store beside its database."""
    return SqlClientRepository(database, audit.record)


def registry_over(repository: ClientRepository) -> ClientRegistry:
    """Return a registry as one process has it."""
    return ClientRegistry(repository, lambda: START, handles.new_id)


def register(repository: ClientRepository, client_id: str = "portal") -> Client:
    """Register a department and return it as stored."""
    document = department(client_id=client_id)
    return registry_over(repository).register(document, is_operator=True)[0]


def test_empty_store_stands_at_version_0(repository: ClientRepository) -> None:
    assert repository.version() == 0
    assert repository.changed_since(0) == []


def test_client_comes_back_equal(repository: ClientRepository) -> None:
    client = register(repository)
    assert repository.changed_since(0) == [client]
    assert (client.version, repository.version()) == (1, 1)
    assert client.secrets != ()


def test_versions_rise_with_each_change_and_tell_what_changed(repository: ClientRepository) -> None:
    first, second = register(repository, "one"), register(repository, "two")
    assert [client.client_id for client in repository.changed_since(0)] == ["one", "two"]
    assert repository.changed_since(1) == [second]
    again = repository.replace(replace(first, state="suspended"), EVENT)
    assert again.version == repository.version() == 3
    assert repository.changed_since(1) == [second, again]
    assert repository.changed_since(3) == []


def test_taken_id_is_refused_and_nothing_changes(repository: ClientRepository) -> None:
    client = register(repository)
    with pytest.raises(ClientConflict):
        repository.add(replace(client, unit="79"), EVENT)
    assert repository.changed_since(0) == [client]
    assert repository.version() == 1


def test_id_of_a_removed_client_is_never_used_again(repository: ClientRepository) -> None:
    register(repository)
    registry = registry_over(repository)
    registry.set_state("portal", "removed")
    with pytest.raises(ClientConflict):
        registry.register(department(client_id="portal"), is_operator=True)
    with pytest.raises(ClientNotFound):
        registry_over(repository).known("portal")


def test_change_made_from_an_older_reading_is_refused(repository: ClientRepository) -> None:
    client = register(repository)
    newer = repository.replace(replace(client, unit="79"), EVENT)
    with pytest.raises(ClientConflict):
        repository.replace(replace(client, unit="01"), EVENT)
    assert repository.changed_since(0) == [newer]
    assert repository.version() == newer.version


@pytest.mark.parametrize("action", ["add", "update", "rotate-secret", "suspend", "resume", "remove"])
def test_every_action_is_a_word_of_the_audit_log(sql: SqlClientRepository, database: Database, action: str) -> None:
    client = register(sql)
    sql.replace(client, replace(EVENT, action=action))
    row = stored(database, audit_events)[-1]
    assert row["event"] == f"client:{action}"


def test_change_is_recorded_with_who_and_what(sql: SqlClientRepository, database: Database) -> None:
    client = register(sql)
    sql.replace(client, EVENT)
    [row] = stored(database, audit_events, event="client:update")
    assert (row["actor"], row["client_id"], row["target"]) == ("operator:local", "portal", "client:portal")
    assert orjson.loads(row["detail"]) == {"fields": ["scope"], "note": "a note"}


def test_refused_change_is_not_recorded(sql: SqlClientRepository, database: Database) -> None:
    client = register(sql)
    sql.replace(client, EVENT)
    for act in (sql.replace, sql.add):
        with pytest.raises(ClientConflict):
            act(client, EVENT)
    assert len(stored(database, audit_events)) == 2


def test_change_that_cannot_be_recorded_is_not_made(database: Database, audit: AuditLog) -> None:
    taken = audit.write(AuditEvent(Event.REQUEST))
    good, bad = SqlClientRepository(database, audit.record), SqlClientRepository(database, lambda _event: taken)
    client = register(good)
    with pytest.raises((Conflict, ClientConflict)):
        bad.replace(replace(client, unit="79"), EVENT)
    with pytest.raises((Conflict, ClientConflict)):
        bad.add(replace(client, client_id="other"), EVENT)
    assert good.changed_since(0) == [client]
    assert good.version() == 1


def test_secret_is_not_readable_in_the_database(sql: SqlClientRepository, database: Database) -> None:
    _, secret, _ = registry_over(sql).register(department(), is_operator=False)
    assert secret is not None
    assert all(secret not in str(row) for row in (*stored(database, clients), *stored(database, audit_events)))


def test_of_a_crowd_that_changes_one_client_one_wins(sql: SqlClientRepository, database: Database) -> None:
    client = register(sql)
    won = in_parallel(database, 8, lambda n: _won(lambda: sql.replace(replace(client, unit=f"{n}"), EVENT)))
    assert won.count(True) == 1
    assert sql.version() == 2
    assert [one.unit for one in sql.changed_since(0)] == [f"{won.index(True)}"]


def test_of_a_crowd_that_registers_one_id_one_wins(sql: SqlClientRepository, database: Database) -> None:
    won = in_parallel(database, 8, lambda _n: _won(lambda: register(sql)))
    assert won.count(True) == 1
    assert sql.version() == 1


def test_reader_beside_many_writers_misses_nothing(sql: SqlClientRepository, database: Database) -> None:
    """Versions become visible in order: who has seen version n has seen every change up to n."""
    seen: dict[str, int] = {}

    def act(number: int) -> None:
        if number:
            for turn in range(5):
                register(sql, f"c{number}-{turn}")
            return
        known = 0
        while known < 35:
            for client in sql.changed_since(known):
                seen[client.client_id] = known = client.version

    in_parallel(database, 8, act)
    assert len(seen) == 35
    assert sorted(seen.values()) == list(range(1, 36))


@pytest.fixture
def two_processes(database: Database, clock: FrozenClock) -> Iterator[tuple[ClientRegistry, ClientRegistry]]:
    """Return the registries of two processes over one store."""
    with reopened(database) as other:
        yield (
            registry_over(SqlClientRepository(database, make_audit(database, clock).record)),
            registry_over(SqlClientRepository(other, make_audit(other, clock).record)),
        )


def test_suspension_in_one_process_is_seen_by_the_other_at_its_next_look(
    two_processes: tuple[ClientRegistry, ClientRegistry],
) -> None:
    ours, theirs = two_processes
    ours.register(department(client_id="portal"), is_operator=True)
    assert theirs.known("portal").state == "active"
    suspended = ours.set_state("portal", "suspended")
    stale = theirs.find("portal")
    assert stale is not None
    assert stale.state == "active"
    theirs.observe(suspended.version)
    assert theirs.find("portal") == suspended


def _won(act: Callable[[], object]) -> bool:
    try:
        act()
    except ClientConflict:
        return False
    return True


def test_each_change_is_kept_with_its_fields_before_and_after(sql: SqlClientRepository, database: Database) -> None:
    client = register(sql)
    changed = sql.replace(replace(client, unit="79"), EVENT)
    sql.replace(replace(changed, state="suspended"), replace(EVENT, action="suspend", note=""))
    newest, older, first = SqlClientHistory(database).changes("portal", None, 10)
    assert newest.fields == {"state": ("active", "suspended")}
    assert (older.action, older.actor, older.reason) == ("update", "operator:local", "a note")
    assert older.fields == {"unit": (client.unit, "79")}
    assert (first.action, first.version, "unit" in first.fields) == ("add", 1, True)
    assert SqlClientHistory(database).changes("portal", older.version, 10) == [first]
    assert len(stored(database, client_changes)) == 3


def test_refused_change_leaves_no_trace_in_the_history(sql: SqlClientRepository, database: Database) -> None:
    client = register(sql)
    sql.replace(replace(client, unit="79"), EVENT)
    with pytest.raises(ClientConflict):
        sql.replace(replace(client, unit="01"), EVENT)
    assert [one.action for one in SqlClientHistory(database).changes("portal", None, 10)] == ["update", "add"]
