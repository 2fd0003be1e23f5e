"""The ephemeral ports over Redis servers that stand in for each other: whoever takes over may lack the last marks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import TypeVar

import pytest

from idp.errors import SettingsError, StorageUnavailable
from idp.ports.ephemeral import Count, SingleUse, Use
from idp.storage.ephemeral_redis import RedisSingleUse
from idp.storage.open import open_ephemeral
from idp.storage.sqlite import SqliteDatabase
from tests.support.redis_groups import Cluster, Watched, cluster, eventually, watched

T = TypeVar("T")
pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def group() -> Iterator[Watched]:
    """Return a master with a replica and a Sentinel."""
    with watched() as found:
        yield found


@pytest.fixture(scope="module")
def shards() -> Iterator[Cluster]:
    """Return a cluster."""
    with cluster() as found:
        yield found


def test_cluster_keeps_documents_marks_and_counters_wherever_they_lie(
    shards: Cluster, sqlite_database: SqliteDatabase
) -> None:
    now = int(time.time())
    stores = open_ephemeral(shards.url, sqlite_database)
    names = [f"k{number}" for number in range(100)]
    for name in names:
        stores.transactions.put(name, name.encode(), now + 60)
        assert stores.transactions.replace(name, name.encode(), b"new", now + 60)
        assert not stores.transactions.replace(name, name.encode(), b"newer", now + 60)
        assert stores.transactions.claim(name, now) == b"new"
        assert stores.transactions.claim(name, now) is None
        assert stores.single_use.claim_issued(name, now, now + 1, now + 60) is Use.FIRST
        assert stores.single_use.claim_issued(name, now, now + 1, now + 60) is Use.AGAIN
        assert stores.single_use.claim(f"plain-{name}", now, now + 60)
        assert not stores.single_use.claim(f"plain-{name}", now, now + 60)
        stores.counters.add(name, now, 60)
    assert stores.counters.read(names, now) == [Count(1, now, now)] * len(names)
    stores.counters.clear(names)
    assert stores.counters.read(names, now) == [None] * len(names)


def test_memory_begins_anew_in_all_of_a_cluster_when_one_of_it_may_have_forgotten(
    shards: Cluster, sqlite_database: SqliteDatabase
) -> None:
    now = int(time.time())
    marks = open_ephemeral(shards.url, sqlite_database).single_use
    shards.masters[1].client.script_flush()
    assert {marks.claim_issued(f"j{number}", now, now - 5, now + 60) for number in range(100)} == {Use.FORGOTTEN}
    assert {marks.claim_issued(f"j{number}", now, int(time.time()) + 1, now + 60) for number in range(100)} == {
        Use.FIRST
    }


def test_memory_begins_anew_with_each_master_also_with_one_that_was_it_before(
    shards: Cluster, sqlite_database: SqliteDatabase
) -> None:
    marks = open_ephemeral(shards.url, sqlite_database).single_use
    names = iter(_of_master(shards, marks))
    first, other = shards.masters[0], shards.replica
    for new, old in ((other, first), (first, other)):
        issued = 0
        while not issued or marks.claim_issued(next(names), issued, issued, issued + 60) is not Use.FIRST:
            issued = int(time.time()) - 1
        shards.change(new, old)
        again = partial(marks.claim_issued, next(names), issued, issued, issued + 60)
        assert _once_it_answers(again) is Use.FORGOTTEN
        later = int(time.time()) + 1
        assert marks.claim_issued(next(names), issued, later, issued + 60) is Use.FIRST


def _of_master(shards: Cluster, marks: SingleUse) -> Iterator[str]:
    """Yield names whose marks lie at the first master or at its replica."""
    assert isinstance(marks, RedisSingleUse)
    ports = {shards.masters[0].port, shards.replica.port}
    for number in count():
        node = marks._client.get_node_from_key(f"{marks._place(f'name{number}')}-birth")
        if node.port in ports:
            yield f"name{number}"
        time.sleep(0.01)


def test_master_that_died_is_unavailable_until_another_was_chosen(
    sqlite_database: SqliteDatabase,
) -> None:
    with watched() as group:
        stores, now = open_ephemeral(group.url, sqlite_database), int(time.time())
        stores.transactions.put("kept", b"document", now + 600)
        eventually(lambda: group.is_whole() and group.servers[1].client.dbsize() == group.servers[0].client.dbsize())
        before = group.master
        before.stop()
        with pytest.raises(StorageUnavailable):
            stores.transactions.get("kept", now)
        eventually(lambda: group.master is not before)
        assert _once_it_answers(lambda: stores.transactions.get("kept", now)) == b"document"


def _once_it_answers(ask: Callable[[], T]) -> T:
    """Return the first answer; whoever takes over is found within seconds."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except StorageUnavailable:
            assert time.monotonic() < deadline, "nobody took over"
            time.sleep(0.05)


def test_servers_that_may_evict_are_refused_whatever_stands_before_them(
    group: Watched, shards: Cluster, sqlite_database: SqliteDatabase
) -> None:
    for url, client in ((group.url, group.master.client), (shards.url, shards.masters[1].client)):
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(SettingsError):
            open_ephemeral(url, sqlite_database)
        client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://a:26379",
        "redis+sentinel://a:26379/name/x",
        "redis+sentinel:///name",
        "redis+cluster://a:6379/1",
        "redis+cluster://a:port",
        "redis+proxy://a:6379",
        "redis+cluster://",
    ],
)
def test_address_of_another_form_is_refused(sqlite_database: SqliteDatabase, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_ephemeral(url, sqlite_database)
    assert caught.value.field == "IDP_EPHEMERAL_URL"


@pytest.mark.parametrize("url", ["redis+cluster://127.0.0.1:1", "rediss+sentinel://127.0.0.1:1,[::1]:1/name"])
def test_group_that_was_never_there_is_unavailable_at_the_start(sqlite_database: SqliteDatabase, url: str) -> None:
    with pytest.raises(StorageUnavailable):
        open_ephemeral(url, sqlite_database)
