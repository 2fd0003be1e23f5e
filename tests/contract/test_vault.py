"""The vault over real databases: seals bound to place and purpose, index keys that are never replaced in silence."""

from __future__ import annotations

import pytest

from idp import handles
from idp.errors import Conflict, Refused, SettingsError, StorageUnavailable
from idp.model.audit import AuditEvent, Event
from idp.ports.deployment import WrappedKey
from idp.services.audit import AuditLog
from idp.services.vault import PURPOSES, Vault
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.tables import audit_events, data_keys
from keys.errors import SealBroken
from keys.sealing import MasterKey
from tests.support.clock import FrozenClock
from tests.support.stores import stored

REWRAPPED = AuditEvent(Event.KEY_REWRAP, reason="an operator left", actor="operator:local", target="key:master")


def vault(database: Database, master: bytes = b"\x01" * 32) -> Vault:
    return Vault(SqlDeploymentStore(database), MasterKey(master), FrozenClock())


def test_what_one_process_seals_another_opens(database: Database) -> None:
    vault(database).ensure()
    sealed = vault(database).seal("profile").seal(b"value", b"place")
    assert vault(database).seal("profile").unseal(sealed, b"place") == b"value"


def test_a_seal_opens_neither_elsewhere_nor_for_another_purpose(database: Database) -> None:
    ready = vault(database)
    ready.ensure()
    sealed = ready.seal("profile").seal(b"value", b"place")
    for purpose, place in (("profile", b"other"), ("totp", b"place")):
        with pytest.raises(SealBroken):
            ready.seal(purpose).unseal(sealed, place)


def test_an_index_key_that_was_replaced_is_refused(database: Database) -> None:
    ready, store = vault(database), SqlDeploymentStore(database)
    ready.ensure()
    database.run(
        database.prepare(data_keys.update().where(data_keys.c.purpose == "identity-index").values(retired_at=5))
    )
    wrapped = MasterKey(b"\x01" * 32).new_data_key("identity-index")
    assert store.add_data_key(WrappedKey(handles.new_id(), "identity-index", wrapped, 9))
    with pytest.raises(SettingsError):
        vault(database).index("identity-index", "identity-code")


def test_a_retired_data_key_still_opens_what_it_sealed(database: Database) -> None:
    ready, store = vault(database), SqlDeploymentStore(database)
    ready.ensure()
    old = ready.seal("profile").seal(b"value", b"place")
    database.run(database.prepare(data_keys.update().where(data_keys.c.purpose == "profile").values(retired_at=5)))
    wrapped = MasterKey(b"\x01" * 32).new_data_key("profile")
    assert store.add_data_key(WrappedKey(handles.new_id(), "profile", wrapped, FrozenClock().now() + 1))
    renewed = vault(database)
    assert renewed.seal("profile").unseal(old, b"place") == b"value"
    assert not renewed.sealer("profile").is_current(old)


def test_another_master_key_opens_what_was_sealed_before_and_the_former_opens_nothing(
    database: Database, audit: AuditLog
) -> None:
    ready = vault(database)
    ready.ensure()
    sealed = ready.seal("profile").seal(b"value", b"place")
    database.run(database.prepare(data_keys.update().where(data_keys.c.purpose == "totp").values(retired_at=5)))
    ready.ensure()
    assert ready.rewrap(MasterKey(b"\x02" * 32), audit.record(REWRAPPED)) == len(PURPOSES) + 1
    assert vault(database, b"\x02" * 32).seal("profile").unseal(sealed, b"place") == b"value"
    assert vault(database, b"\x02" * 32).sealer("totp")
    with pytest.raises(SettingsError):
        vault(database).data_key("profile")
    assert [row["reason"] for row in stored(database, audit_events, event="key:rewrap")] == ["an operator left"]


def test_a_data_key_that_came_meanwhile_takes_the_whole_exchange_back(
    database: Database, audit: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlDeploymentStore(database)
    ready = Vault(store, MasterKey(b"\x01" * 32), FrozenClock())
    ready.ensure()
    monkeypatch.setattr(store, "data_keys", lambda: SqlDeploymentStore(database).data_keys()[:-1])
    with pytest.raises(Conflict):
        ready.rewrap(MasterKey(b"\x02" * 32), audit.record(REWRAPPED))
    assert all(vault(database).data_key(purpose) for purpose in PURPOSES)
    assert stored(database, audit_events, event="key:rewrap") == []


def test_the_master_key_in_use_and_one_that_is_not_this_databases_are_refused(
    database: Database, audit: AuditLog
) -> None:
    vault(database).ensure()
    with pytest.raises(Refused):
        vault(database).rewrap(MasterKey(b"\x01" * 32), audit.record(REWRAPPED))
    with pytest.raises(SettingsError):
        vault(database, b"\x03" * 32).rewrap(MasterKey(b"\x02" * 32), audit.record(REWRAPPED))
    assert vault(database).data_key("profile")


def test_a_vault_whose_first_look_met_an_outage_looks_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlDeploymentStore(database)
    vault = Vault(store, MasterKey(b"\x01" * 32), FrozenClock())
    vault.ensure()

    def away() -> list[WrappedKey]:
        raise StorageUnavailable("away")

    with monkeypatch.context() as outage:
        outage.setattr(store, "data_keys", away)
        with pytest.raises(StorageUnavailable):
            vault.data_key("audit")
    assert vault.data_key("audit").purpose == "audit"
