"""The store of signing keys in memory, SQLite and PostgreSQL: one list, one version, one winner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import orjson
import pytest

from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.keys import SqlKeyRepository
from idp.storage.tables import audit_events, signing_keys
from keys import algorithms
from keys.errors import NextTooYoung
from keys.model import KeyAction, KeyEvent, KeyState, SigningKey
from keys.plan import KeyPolicy
from keys.service import KeyRepository, KeyService
from tests.support.clock import START
from tests.support.keys import MemoryKeys, make_sealer, quick_generator
from tests.support.stores import EACH_DATABASE, in_parallel, make_audit, stored

DAY = 86400
POLICY = KeyPolicy(
    algorithms=("ES256", "EdDSA"),
    rotation=DAY,
    jwks_max_age=900,
    max_token_lifetime=600,
    clock_skew=60,
    propagation=5,
)
SEALER = make_sealer()
LATER = START + 40_000


def service_over(repository: KeyRepository) -> KeyService:
    """Return a key service as one process has it."""
    return KeyService(repository, SEALER, POLICY, quick_generator())


@pytest.fixture(params=["memory", *EACH_DATABASE])
def repository(request: pytest.FixtureRequest) -> KeyRepository:
    """Return an empty store of each kind."""
    if request.param == "memory":
        return MemoryKeys()
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return SqlKeyRepository(database, make_audit(database).record)


@pytest.fixture
def sql(database: Database, audit: AuditLog) -> SqlKeyRepository:
    """Return an empty SQL store beside its database."""
    return SqlKeyRepository(database, audit.record)


def by_kid(keys: Iterable[SigningKey]) -> dict[str, SigningKey]:
    """Return keys by their id."""
    return {key.kid: key for key in keys}


def test_empty_store_stands_at_version_0(repository: KeyRepository) -> None:
    assert repository.load() == (0, ())


def test_keys_come_back_equal_with_a_private_part_that_opens(repository: KeyRepository) -> None:
    outcome = service_over(repository).tick(START)
    version, keys = repository.load()
    assert version == outcome.version == 1
    assert by_kid(keys) == by_kid(outcome.keys)
    assert len(keys) == 4
    for key in keys:
        private = service_over(repository).open_private(key)
        assert algorithms.export_private(private)


def test_change_against_an_older_version_does_nothing(repository: KeyRepository) -> None:
    service_over(repository).tick(START)
    version, keys = repository.load()
    event = KeyEvent(KeyAction.ACTIVATE, keys[0].kid, keys[0].alg, START, "", "system", "")
    assert not repository.apply(version - 1, (), (keys[0],), (event,))
    assert not repository.apply(version + 1, (), (keys[0],), (event,))
    assert repository.load() == (version, keys)
    changed = replace(keys[0], retires_at=START + 5)
    assert repository.apply(version, (), (changed,), (event,))
    assert repository.load() == (version + 1, (changed, *keys[1:]))


def test_first_change_of_an_empty_store_must_say_version_0(repository: KeyRepository) -> None:
    assert not repository.apply(1, (), (), ())
    assert repository.load() == (0, ())


def test_private_part_is_gone_once_a_key_no_longer_signs(repository: KeyRepository) -> None:
    service = service_over(repository)
    service.tick(START)
    service.rotate("ES256", LATER)
    retired = [key for key in repository.load()[1] if key.state is KeyState.RETIRED]
    assert [key.sealed for key in retired] == [None]


def test_change_is_recorded_key_by_key(sql: SqlKeyRepository, database: Database) -> None:
    outcome = service_over(sql).tick(START)
    rows = stored(database, audit_events)
    assert len(rows) == len(outcome.events) == 6
    assert {row["event"] for row in rows} == {"key:create", "key:activate"}
    assert {row["target"] for row in rows} == {f"key:{key.kid}" for key in outcome.keys}
    assert {orjson.loads(row["detail"])["alg"] for row in rows} == {"ES256", "EdDSA"}


def test_refused_change_is_not_recorded(sql: SqlKeyRepository, database: Database) -> None:
    service_over(sql).tick(START)
    _, keys = sql.load()
    sql.apply(0, (), keys, (KeyEvent(KeyAction.ACTIVATE, keys[0].kid, "ES256", START, "", "system", ""),))
    assert len(stored(database, audit_events)) == 6


def test_change_that_cannot_be_recorded_is_not_made(database: Database, audit: AuditLog) -> None:
    taken = audit.write(AuditEvent(Event.REQUEST))
    bad = SqlKeyRepository(database, lambda _event: taken)
    with pytest.raises(Conflict):
        service_over(bad).tick(START)
    assert bad.load() == (0, ())


def test_private_key_is_not_readable_in_the_database(sql: SqlKeyRepository, database: Database) -> None:
    service = service_over(sql)
    service.tick(START)
    secrets = [algorithms.export_private(service.open_private(key)) for key in sql.load()[1]]
    rows = stored(database, signing_keys)
    assert len(secrets) == len(rows) == 4
    assert not any(secret in row["sealed"] or secret in row["document"].encode() for secret in secrets for row in rows)


def test_first_start_of_8_processes_makes_one_set_of_keys(sql: SqlKeyRepository, database: Database) -> None:
    outcomes = in_parallel(database, 8, lambda _n: service_over(sql).tick(START))
    assert len(sql.load()[1]) == 4
    assert sum(bool(outcome.events) for outcome in outcomes) == 1


def test_8_rotations_at_once_rotate_once(sql: SqlKeyRepository, database: Database) -> None:
    service_over(sql).tick(START)
    before = _signing(sql)
    done = in_parallel(database, 8, lambda _n: _rotated(sql))
    after = _signing(sql)
    assert done.count(True) == 1
    assert before["ES256"] != after["ES256"]
    assert before["EdDSA"] == after["EdDSA"]
    states = sorted(key.state.value for key in sql.load()[1] if key.alg == "ES256")
    assert states == ["active", "next", "retired"]
    assert len(stored(database, audit_events, event="key:retire")) == 1


def test_8_scheduled_ticks_at_once_rotate_once(sql: SqlKeyRepository, database: Database) -> None:
    service_over(sql).tick(START)
    due = START + DAY + 1
    outcomes = in_parallel(database, 8, lambda _n: service_over(sql).tick(due))
    assert sum(bool(outcome.events) for outcome in outcomes) == 1
    assert sorted(key.state.value for key in sql.load()[1]) == ["active"] * 2 + ["next"] * 2 + ["retired"] * 2


def test_revocation_beside_rotations_is_never_undone(sql: SqlKeyRepository, database: Database) -> None:
    service_over(sql).tick(START)
    kid = _signing(sql)["ES256"]
    acts: list[Callable[[], bool]] = [lambda: bool(service_over(sql).revoke(kid, LATER)), *[lambda: _rotated(sql)] * 5]
    in_parallel(database, 6, lambda number: acts[number]())
    [key] = [key for key in sql.load()[1] if key.kid == kid]
    assert (key.state, key.sealed) == (KeyState.REVOKED, None)
    assert len(_signing(sql)) == 2


def _signing(repository: KeyRepository) -> dict[str, str]:
    return {key.alg: key.kid for key in repository.load()[1] if key.state is KeyState.ACTIVE}


def _rotated(repository: KeyRepository) -> bool:
    """Rotate; whoever starts after the winner has finished finds a next key that no cache has yet, and is told so."""
    try:
        return bool(service_over(repository).rotate("ES256", LATER).events)
    except NextTooYoung:
        return False
