"""The ephemeral ports over SQLite, PostgreSQL and Redis: one claim wins, counters lose nothing, an outage is never an answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

import pytest

from idp.errors import SettingsError, StorageUnavailable
from idp.ports.ephemeral import Count, Use
from idp.storage import ephemeral_redis, redis_clients
from idp.storage.database import Database
from idp.storage.open import EphemeralStores, open_ephemeral
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from tests.support.servers import PostgresServer, RedisServer
from tests.support.stores import EACH_DATABASE, in_parallel, migrated

CROWD = 32


@dataclass(frozen=True)
class Site:
    """Stores of one kind; ``database`` is None where there is none to close."""

    stores: EphemeralStores
    database: Database | None


@pytest.fixture(params=[*EACH_DATABASE, pytest.param("redis", marks=pytest.mark.servers)])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    if request.param != "redis":
        database = request.getfixturevalue(f"{request.param}_database")
        yield Site(open_ephemeral("", database), database)
        return
    server: RedisServer = request.getfixturevalue("shared_redis")
    client = redis_clients.connect(server.url)
    client.flushall()
    stores = EphemeralStores(
        ephemeral_redis.RedisTransactions(client),
        ephemeral_redis.RedisSingleUse(client),
        ephemeral_redis.RedisCounters(client),
    )
    yield Site(stores, None)
    client.close()


@pytest.fixture
def now() -> int:
    """Return the real time, because Redis ends lives by its own clock."""
    return int(time.time())


def test_document_is_kept_as_it_was_put(site: Site, now: int) -> None:
    document = bytes(range(256)) * 8
    site.stores.transactions.put("k", document, now + 60)
    assert site.stores.transactions.get("k", now) == document
    assert site.stores.transactions.get("other", now) is None


def test_document_put_again_replaces_the_first(site: Site, now: int) -> None:
    site.stores.transactions.put("k", b"1", now + 60)
    site.stores.transactions.put("k", b"2", now + 60)
    assert site.stores.transactions.get("k", now) == b"2"


def test_document_is_replaced_only_while_it_is_the_one_we_read(site: Site, now: int) -> None:
    transactions = site.stores.transactions
    transactions.put("k", b"1", now + 60)
    assert transactions.replace("k", b"1", b"2", now + 60)
    assert not transactions.replace("k", b"1", b"3", now + 60)
    assert not transactions.replace("absent", b"1", b"3", now + 60)
    assert transactions.get("k", now) == b"2"
    assert transactions.get("absent", now) is None


def test_document_is_claimed_once(site: Site, now: int) -> None:
    transactions = site.stores.transactions
    transactions.put("k", b"1", now + 60)
    assert transactions.claim("k", now) == b"1"
    assert transactions.claim("k", now) is None
    assert transactions.get("k", now) is None
    assert not transactions.replace("k", b"1", b"2", now + 60)


def test_document_ends_at_its_moment(site: Site, now: int) -> None:
    transactions = site.stores.transactions
    transactions.put("read", b"1", now)
    transactions.put("claimed", b"1", now)
    assert transactions.get("read", now) is None
    assert transactions.claim("claimed", now) is None


def test_replacing_a_document_moves_its_end(site: Site, now: int) -> None:
    transactions = site.stores.transactions
    transactions.put("k", b"1", now + 60)
    assert transactions.replace("k", b"1", b"2", now)
    assert transactions.get("k", now) is None


def test_of_a_crowd_one_claims_the_document(site: Site, now: int) -> None:
    site.stores.transactions.put("k", b"1", now + 60)
    found = in_parallel(site.database, CROWD, lambda _n: site.stores.transactions.claim("k", now))
    assert (found.count(b"1"), found.count(None)) == (1, CROWD - 1)


def test_of_a_crowd_one_replaces_the_document(site: Site, now: int) -> None:
    site.stores.transactions.put("k", b"old", now + 60)
    won = in_parallel(
        site.database, CROWD, lambda n: site.stores.transactions.replace("k", b"old", f"{n}".encode(), now + 60)
    )
    assert won.count(True) == 1
    assert site.stores.transactions.get("k", now) == f"{won.index(True)}".encode()


def test_mark_is_claimed_once(site: Site, now: int) -> None:
    assert site.stores.single_use.claim("jti", now, now + 60) is True
    assert site.stores.single_use.claim("jti", now, now + 60) is False
    assert site.stores.single_use.claim("other", now, now + 60) is True


def test_mark_does_not_end_one_second_early(site: Site, now: int) -> None:
    assert site.stores.single_use.claim("jti", now, now + 60)
    if site.database is not None:
        assert not site.stores.single_use.claim("jti", now + 59, now + 120)
        assert site.stores.single_use.claim("jti", now + 60, now + 120)


def test_mark_whose_end_has_passed_is_still_claimed_once(site: Site, now: int) -> None:
    """A clock that lags behind must not let the second caller in at the same moment."""
    past = now - 120
    won = in_parallel(site.database, CROWD, lambda _n: site.stores.single_use.claim("jti", past, past + 60))
    assert won.count(True) == 1


def test_what_somebody_else_made_is_claimed_once_too(site: Site, now: int) -> None:
    marks = site.stores.single_use
    assert marks.claim_issued("jti", now, now + 1, now + 60) is Use.FIRST
    assert marks.claim_issued("jti", now, now + 1, now + 60) is Use.AGAIN
    assert marks.claim_issued("other", now, now + 1, now + 60) is Use.FIRST
    won = in_parallel(site.database, CROWD, lambda _n: marks.claim_issued("crowd", now, now + 1, now + 60))
    assert won.count(Use.FIRST) == 1
    assert won.count(Use.AGAIN) == CROWD - 1


@pytest.mark.servers
@pytest.mark.parametrize("loss", ["restart", "flush", "scripts"])
def test_redis_that_lost_its_memory_takes_nothing_that_was_made_before(
    own_redis: RedisServer, sqlite_database: SqliteDatabase, now: int, loss: str
) -> None:
    marks = open_ephemeral(own_redis.url, sqlite_database).single_use
    assert marks.claim_issued("before", now, now + 300, now + 600) is Use.FIRST
    if loss == "restart":
        own_redis.stop()
        own_redis.start()
        with suppress(StorageUnavailable):
            marks.claim_issued("reconnect", now, now, now + 60)
    else:
        client = redis_clients.connect(own_redis.url)
        client.flushall() if loss == "flush" else client.script_flush()
        client.close()
    assert marks.claim_issued("before", now, now - 5, now + 600) is Use.FORGOTTEN
    assert marks.claim_issued("new", now, now - 5, now + 600) is Use.FORGOTTEN
    assert marks.claim_issued("later", now, int(time.time()) + 1, now + 600) is Use.FIRST


@pytest.mark.servers
def test_another_process_begins_no_new_memory(
    own_redis: RedisServer, sqlite_database: SqliteDatabase, now: int
) -> None:
    first = open_ephemeral(own_redis.url, sqlite_database).single_use
    client = redis_clients.connect(own_redis.url)
    client.set("dinhdanh:u-birth", now - 1000)
    second = open_ephemeral(own_redis.url, sqlite_database).single_use
    assert first.claim_issued("jti", now, now - 900, now + 60) is Use.FIRST
    assert second.claim_issued("jti", now, now - 900, now + 60) is Use.AGAIN
    client.close()


def test_of_a_crowd_one_claims_the_mark(site: Site, now: int) -> None:
    won = in_parallel(site.database, CROWD, lambda _n: site.stores.single_use.claim("jti", now, now + 60))
    assert (won.count(True), won.count(False)) == (1, CROWD - 1)


def test_counter_counts_and_keeps_its_moments(site: Site, now: int) -> None:
    counters = site.stores.counters
    assert counters.add("k", now, 60) == Count(1, now, now)
    assert counters.add("k", now + 3, 60) == Count(2, now, now + 3)
    assert counters.add("k", now + 5, 60, amount=4) == Count(6, now, now + 5)
    assert counters.read(["k", "none"], now + 5) == [Count(6, now, now + 5), None]


def test_counter_that_starts_with_more_than_one_keeps_its_first_moment(site: Site, now: int) -> None:
    assert site.stores.counters.add("k", now, 60, amount=5) == Count(5, now, now)
    assert site.stores.counters.add("k", now + 1, 60, amount=5) == Count(10, now, now + 1)


def test_counters_are_read_in_the_order_asked(site: Site, now: int) -> None:
    for number, key in enumerate("abc", 1):
        site.stores.counters.add(key, now, 60, amount=number)
    found = site.stores.counters.read(["c", "x", "a", "c"], now)
    assert [one.count if one else None for one in found] == [3, None, 1, 3]
    assert site.stores.counters.read([], now) == []


def test_counters_are_cleared(site: Site, now: int) -> None:
    site.stores.counters.add("a", now, 60)
    site.stores.counters.add("b", now, 60)
    site.stores.counters.clear(["a", "never"])
    site.stores.counters.clear([])
    assert [one is None for one in site.stores.counters.read(["a", "b"], now)] == [True, False]
    assert site.stores.counters.add("a", now + 1, 60) == Count(1, now + 1, now + 1)


def test_crowd_adds_up_exactly(site: Site, now: int) -> None:
    def act(number: int) -> list[int]:
        return [site.stores.counters.add("k", now, 60, amount=number + 1).count for _ in range(5)]

    seen = [count for each in in_parallel(site.database, CROWD, act) for count in each]
    total = 5 * sum(range(1, CROWD + 1))
    assert max(seen) == total
    assert len(set(seen)) == len(seen), "two additions saw one state"
    assert site.stores.counters.read(["k"], now) == [Count(total, now, now)]


@pytest.mark.parametrize("kind", EACH_DATABASE)
def test_counter_starts_again_after_its_window(kind: str, now: int, request: pytest.FixtureRequest) -> None:
    counters = open_ephemeral("", request.getfixturevalue(f"{kind}_database")).counters
    counters.add("k", now, 60, amount=5)
    assert counters.add("k", now + 59, 60) == Count(6, now, now + 59)
    assert counters.read(["k"], now + 118) == [Count(6, now, now + 59)]
    assert counters.read(["k"], now + 119) == [None]
    assert counters.add("k", now + 119, 60) == Count(1, now + 119, now + 119)


@pytest.mark.servers
def test_redis_ends_marks_and_counters_by_itself(shared_redis: RedisServer, now: int) -> None:
    client = redis_clients.connect(shared_redis.url)
    client.flushall()
    ephemeral_redis.RedisSingleUse(client).claim("jti", now, now + 60)
    ephemeral_redis.RedisCounters(client).add("k", now, 90)
    ephemeral_redis.RedisTransactions(client).put("t", b"1", now + 120)
    lives = sorted(client.ttl(key) for key in client.keys("*"))
    assert [wanted - 25 < life <= wanted for life, wanted in zip(lives, (60, 90, 120), strict=True)] == [True] * 3
    assert all(key.startswith(b"dinhdanh:") for key in client.keys("*"))
    client.close()


def every_call(stores: EphemeralStores, now: int) -> list[Callable[[], object]]:
    """Return each call of the three ports."""
    return [
        lambda: stores.transactions.put("k", b"1", now + 60),
        lambda: stores.transactions.get("k", now),
        lambda: stores.transactions.replace("k", b"1", b"2", now + 60),
        lambda: stores.transactions.claim("k", now),
        lambda: stores.single_use.claim("k", now, now + 60),
        lambda: stores.counters.add("k", now, 60),
        lambda: stores.counters.read(["k"], now),
        lambda: stores.counters.clear(["k"]),
    ]


@pytest.mark.servers
def test_redis_that_is_gone_is_unavailable_in_every_call(
    own_redis: RedisServer, sqlite_database: SqliteDatabase, now: int
) -> None:
    stores = open_ephemeral(own_redis.url, sqlite_database)
    for call in every_call(stores, now):
        call()
    own_redis.stop()
    for call in every_call(stores, now):
        with pytest.raises(StorageUnavailable):
            call()
    own_redis.start()
    assert stores.single_use.claim("k2", now, now + 60)


@pytest.mark.servers
def test_postgresql_that_is_gone_is_unavailable_in_every_call(own_postgresql: PostgresServer, now: int) -> None:
    database = migrated(PostgresqlDatabase(own_postgresql.url))
    stores = open_ephemeral("", database)
    own_postgresql.stop()
    for call in every_call(stores, now):
        with pytest.raises(StorageUnavailable):
            call()
    database.close()


@pytest.mark.servers
def test_redis_out_of_memory_is_unavailable_and_evicts_nothing(
    own_redis: RedisServer, sqlite_database: SqliteDatabase, now: int
) -> None:
    stores = open_ephemeral(own_redis.url, sqlite_database)
    assert stores.single_use.claim("spent", now, now + 60)
    client = redis_clients.connect(own_redis.url)
    client.config_set("maxmemory", 1)
    with pytest.raises(StorageUnavailable):
        stores.single_use.claim("another", now, now + 60)
    with pytest.raises(StorageUnavailable):
        stores.counters.add("k", now, 60)
    client.config_set("maxmemory", 0)
    assert not stores.single_use.claim("spent", now, now + 60)
    client.close()


@pytest.mark.servers
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random"])
def test_redis_that_may_evict_is_refused(own_redis: RedisServer, sqlite_database: SqliteDatabase, policy: str) -> None:
    client = redis_clients.connect(own_redis.url)
    client.config_set("maxmemory-policy", policy)
    client.close()
    with pytest.raises(SettingsError) as caught:
        open_ephemeral(own_redis.url, sqlite_database)
    assert caught.value.code == "invalid_settings"


@pytest.mark.parametrize("url", ["http://127.0.0.1", "memcached://x", "sqlite:///x", "/tmp/redis.sock"])
def test_store_of_another_kind_is_refused(sqlite_database: SqliteDatabase, url: str) -> None:
    with pytest.raises(SettingsError):
        open_ephemeral(url, sqlite_database)


def test_redis_that_was_never_there_is_unavailable_at_the_start(sqlite_database: SqliteDatabase) -> None:
    with pytest.raises(StorageUnavailable):
        open_ephemeral("unix:///nonexistent/redis.sock", sqlite_database)


def test_call_that_got_no_answer_is_not_sent_again() -> None:
    """A counter would count twice, and a claim that was granted would come back as refused."""
    accepted: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    connection, peer = listener.accept()
                    connection.close()
                    accepted.append(peer[1])

        thread = Thread(target=hang_up)
        thread.start()
        client = redis_clients.connect(f"redis://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(StorageUnavailable):
            ephemeral_redis.RedisSingleUse(client).claim("jti", 1, 2)
        client.close()
        # A second attempt would have been made within the call, so before this one.
        with socket.create_connection(listener.getsockname()) as last:
            port = last.getsockname()[1]
            last.recv(1)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert accepted.index(port) == 1
