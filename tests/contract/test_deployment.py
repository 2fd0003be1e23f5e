"""Facts and data keys of a deployment over real databases: written once, whoever comes first."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from idp import handles
from idp.errors import SettingsError
from idp.ports.deployment import WrappedKey
from idp.services.vault import PURPOSES, Vault
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.tables import data_keys
from keys.sealing import MasterKey
from tests.support.clock import START, FrozenClock
from tests.support.stores import in_parallel, stored

MASTER = MasterKey(b"\x21" * 32)


@pytest.fixture
def store(database: Database) -> SqlDeploymentStore:
    """Return the store."""
    return SqlDeploymentStore(database)


def wrapped(purpose: str, created_at: int = START) -> WrappedKey:
    """Return a new data key."""
    return WrappedKey(handles.new_id(), purpose, MASTER.new_data_key(purpose), created_at)


def test_fact_that_nobody_fixed_is_absent(store: SqlDeploymentStore) -> None:
    assert store.fact("issuer") is None


def test_fact_is_fixed_once_and_the_first_stands(store: SqlDeploymentStore) -> None:
    assert store.fix("issuer", "https://one.example") == "https://one.example"
    assert store.fix("issuer", "https://two.example") == "https://one.example"
    assert store.fact("issuer") == "https://one.example"
    assert store.fact("epoch") is None


def test_crowd_that_fixes_a_fact_agrees_on_one(store: SqlDeploymentStore, database: Database) -> None:
    found = in_parallel(database, 16, lambda number: store.fix("issuer", f"https://{number}.example"))
    assert len(set(found)) == 1
    assert store.fact("issuer") == found[0]


def test_data_key_comes_back_as_it_was_wrapped(store: SqlDeploymentStore) -> None:
    key = wrapped("profile")
    assert store.add_data_key(key)
    assert store.data_keys() == [key]
    assert MASTER.unwrap(store.data_keys()[0].wrapped, "profile")


def test_purpose_with_a_live_key_gets_no_second_one(store: SqlDeploymentStore) -> None:
    key = wrapped("profile")
    assert store.add_data_key(key)
    assert not store.add_data_key(wrapped("profile"))
    assert store.add_data_key(wrapped("audit"))
    assert [one.id for one in store.data_keys() if one.purpose == "profile"] == [key.id]


def test_purpose_whose_key_is_retired_gets_another_and_keeps_the_old(
    store: SqlDeploymentStore, database: Database
) -> None:
    old = wrapped("profile")
    store.add_data_key(old)
    database.run(database.prepare(update(data_keys).values(retired_at=START + 1)))
    new = wrapped("profile", START + 2)
    assert store.add_data_key(new)
    assert [(key.id, key.retired_at) for key in store.data_keys()] == [(old.id, START + 1), (new.id, None)]


def test_first_start_of_8_processes_makes_one_key_a_purpose_and_each_can_use_it(
    store: SqlDeploymentStore, database: Database
) -> None:
    def start(_number: int) -> tuple[int, bytes]:
        vault = Vault(store, MASTER, FrozenClock())
        made = vault.ensure()
        return made, vault.seal(PURPOSES[0]).seal(b"text", b"place")

    results = in_parallel(database, 8, start)
    assert sum(made for made, _ in results) == len(PURPOSES)
    assert sorted(row["purpose"] for row in stored(database, data_keys)) == sorted(PURPOSES)
    reader = Vault(store, MASTER, FrozenClock()).seal(PURPOSES[0])
    assert [reader.unseal(sealed, b"place") for _, sealed in results] == [b"text"] * 8


def test_another_master_key_is_refused(store: SqlDeploymentStore) -> None:
    Vault(store, MASTER, FrozenClock()).ensure()
    with pytest.raises(SettingsError):
        Vault(store, MasterKey(b"\x22" * 32), FrozenClock()).seal(PURPOSES[0])


def test_deployment_without_data_keys_says_what_to_do(store: SqlDeploymentStore) -> None:
    with pytest.raises(SettingsError):
        Vault(store, MASTER, FrozenClock()).seal(PURPOSES[0])


def test_fact_that_is_replaced_is_the_latest(store: SqlDeploymentStore) -> None:
    store.change("key-drill", "first")
    store.change("key-drill", "second")
    assert store.fact("key-drill") == "second"


def test_of_a_crowd_that_swaps_a_fact_one_wins(store: SqlDeploymentStore, database: Database) -> None:
    store.fix("key-drill-order", "")
    won = in_parallel(database, 16, lambda number: store.swap("key-drill-order", "", f"order {number}"))
    assert won.count(True) == 1
    assert store.fact("key-drill-order") == f"order {won.index(True)}"
    assert not store.swap("absent", "", "x")
