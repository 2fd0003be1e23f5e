"""An audit log that was kept as a chain comes into the tree whole, and its old checkpoints still count."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from idp import handles
from idp.model.audit import AuditEvent, Event
from idp.storage import migrate
from idp.storage.database import Database
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from tests.support.servers import PostgresServer
from tests.support.stores import AUDIT_KEY, EACH_DATABASE, SEALER, make_audit, make_audit_tree, stored

NAMES = (
    *("id", "at_us", "event", "outcome", "reason", "case_code", "actor", "account_id"),
    *("client_id", "session_id", "target", "detail", "sealed", "mac", "seq", "chain"),
)


@pytest.fixture(params=EACH_DATABASE)
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database of each kind at the schema before the tree."""
    if request.param == "sqlite":
        database: Database = SqliteDatabase(tmp_path / "old.sqlite3")
    else:
        server: PostgresServer = request.getfixturevalue("postgresql_server")
        database = PostgresqlDatabase(server.create_database(f"dd_old_{handles.new_id()}"))
    with migrate._connection(database) as connection:
        config = migrate._config(connection)
        [tree] = [one for one in ScriptDirectory.from_config(config).walk_revisions() if "Merkle tree" in str(one.doc)]
        command.upgrade(config, str(tree.down_revision))
    yield database
    database.close()


def old_record(number: int) -> dict[str, Any]:
    """Return a record as the release before made it."""
    record_id = handles.new_id()
    sealed = SEALER.seal(b'{"address":"192.0.2.1"}', record_id.encode()) if number % 2 else None
    values: dict[str, Any] = {
        **dict(zip(NAMES[:7], (record_id, number, "session:sign-in", "done", "", "", "anonymous"), strict=True)),
        "account_id": f"a{number % 3}" if number % 4 else None,
        "client_id": None,
        "session_id": None,
        "target": f"t:{number}",
        "detail": '{"tên":"Đặng"}',
        "sealed": sealed,
    }
    bound = [values[name] for name in NAMES[:12]]
    content = orjson.dumps([*bound, sealed.hex() if sealed is not None else None])
    return {**values, "mac": hmac.digest(AUDIT_KEY, content, "sha256")}


def write_chain(database: Database, chained: int, waiting: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Write a chain and some records that wait for their number; return the records in order and a checkpoint of all that are chained."""
    records, chain = [old_record(number) for number in range(chained + waiting)], b""
    for seq, row in enumerate(records[:chained], 1):
        chain = hashlib.sha256(chain + seq.to_bytes(8, "big") + row["id"].encode() + row["mac"]).digest()
        row |= {"seq": seq, "chain": chain}
    places = ", ".join(f":{name}" for name in NAMES)
    statement = database.prepare(text(f"INSERT INTO audit_events ({', '.join(NAMES)}) VALUES ({places})"))  # noqa: S608 - names
    database.run_many(statement, [{"seq": None, "chain": None, **row} for row in records])
    head = f"head\0{chained}\0{chain.hex()}".encode()
    checkpoint = {"size": chained, "head": chain.hex(), "mac": hmac.digest(AUDIT_KEY, head, "sha256").hex()}
    return records, checkpoint


def test_chain_and_what_waited_come_into_the_tree(old_database: Database) -> None:
    records, checkpoint = write_chain(old_database, 7, 3)
    migrate.upgrade(old_database)
    tree = make_audit_tree(old_database)
    assert (tree.sequence(), tree.size()) == (10, 10)
    rows = sorted(stored(old_database, audit_events), key=lambda row: row["seq"])
    kept = [name for name in NAMES if name not in {"seq", "chain"}]
    assert [{name: row[name] for name in kept} for row in rows] == [
        {name: row[name] for name in kept} for row in records
    ]
    assert [row["seq"] for row in rows] == list(range(1, 11))
    assert tree.verify().fault is None
    assert tree.verify(checkpoint).fault is None
    assert tree.verify({**checkpoint, "head": "00" * 32}).fault is not None


def test_log_goes_on_after_the_migration(old_database: Database) -> None:
    write_chain(old_database, 3, 1)
    migrate.upgrade(old_database)
    make_audit(old_database).write(AuditEvent(Event.BACKUP))
    tree = make_audit_tree(old_database)
    assert (tree.sequence(), tree.verify().fault) == (5, None)


def test_empty_log_is_migrated(old_database: Database) -> None:
    migrate.upgrade(old_database)
    migrate.check(old_database)
    assert make_audit_tree(old_database).verify().fault is None


@pytest.mark.parametrize("change", ["reason = 'x'", "mac = chain", "target = 't:9'"])
def test_record_that_was_changed_before_the_migration_is_found_after_it(old_database: Database, change: str) -> None:
    write_chain(old_database, 4, 0)
    old_database.run(old_database.prepare(text(f"UPDATE audit_events SET {change} WHERE seq = 2")))  # noqa: S608 - literals
    migrate.upgrade(old_database)
    tree = make_audit_tree(old_database)
    tree.sequence()
    fault = tree.verify().fault
    assert fault is not None
    assert fault.position == 2


def test_record_that_was_missing_before_the_migration_stops_it_and_leaves_all_as_it_was(old_database: Database) -> None:
    write_chain(old_database, 4, 0)
    old_database.run(old_database.prepare(text("DELETE FROM audit_events WHERE seq = 2")))
    with pytest.raises(RuntimeError, match="number 2 is missing"):
        migrate.upgrade(old_database)
    assert len(stored_old(old_database)) == 3


def stored_old(database: Database) -> list[Any]:
    """Return the rows of the old table."""
    return database.rows(database.prepare(text("SELECT seq, chain FROM audit_events")))


def test_tail_that_was_cut_off_before_the_migration_is_found_by_an_old_checkpoint(old_database: Database) -> None:
    _, checkpoint = write_chain(old_database, 4, 0)
    old_database.run(old_database.prepare(text("DELETE FROM audit_events WHERE seq = 4")))
    migrate.upgrade(old_database)
    tree = make_audit_tree(old_database)
    tree.sequence()
    assert tree.verify().fault is None
    fault = tree.verify(checkpoint).fault
    assert fault is not None
    assert fault.position == 4
