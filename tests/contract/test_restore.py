"""An older state of the database that was put back: what may have been used since is not taken again."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import deployment, main
from idp.config import Settings
from idp.ports.ephemeral import Use
from idp.storage import backup
from idp.storage.deployment import MEMORY_SINCE, SqlDeploymentStore
from idp.storage.ephemeral_sql import SqlSingleUse
from idp.storage.sqlite import SqliteDatabase
from tests.support.assertions import asserted, signed_assertion
from tests.support.client_keys import key_set, new_key
from tests.support.clock import START, FrozenClock
from tests.support.token_world import TokenWorld


@pytest.fixture
def world(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock)


@pytest.mark.spec("RFC 7523", "3")
def test_marks_know_since_when_they_remember(world: TokenWorld) -> None:
    marks = SqlSingleUse(world.database, lambda: START)
    assert marks.claim_issued("old", START + 5, START - 1, START + 60) is Use.FORGOTTEN
    assert marks.claim_issued("new", START + 5, START, START + 60) is Use.FIRST
    assert marks.claim_issued("new", START + 5, START, START + 60) is Use.AGAIN


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_codes_and_assertions_from_before_a_restore_are_refused_and_new_ones_are_not(world: TokenWorld) -> None:
    key = new_key()
    portal = world.add_client()
    signer = world.add_client(token_endpoint_auth_method="private_key_jwt", jwks=key_set(key))
    session = world.sign_in(world.add_person())
    code, assertion = world.code(portal, session), signed_assertion(world, key, signer)
    world.clock.advance(1)
    SqlDeploymentStore(world.database).change(MEMORY_SINCE, str(world.clock.now()))
    again = world.another()
    assert again.redeem(portal, code).json["error"] == "invalid_grant"
    assert again.post("/token", asserted(assertion)).json["error"] == "invalid_client"
    assert again.events("token:request")[-1]["reason"] == "jti_forgotten"
    assert again.redeem(portal, again.code(portal, session)).status == 200
    assert again.post("/token", asserted(signed_assertion(again, key, signer))).status == 200


def test_restoring_a_copy_notes_the_moment(tmp_path: Path) -> None:
    settings, copy = Settings(home=tmp_path / "home"), tmp_path / "copy.db"
    before = int(time.time())
    for command in (["init"], ["db", "backup", str(copy)], ["db", "restore", str(copy), "--yes"], ["db", "restored"]):
        result = CliRunner().invoke(main, command, env={"IDP_HOME": str(settings.home), "IDP_DATABASE_URL": ""})
        assert result.exit_code == 0, result.output
        database = SqliteDatabase(settings.sqlite_path)
        fact = SqlDeploymentStore(database).fact(MEMORY_SINCE)
        database.close()
        assert (fact is not None) is any(word.startswith("restore") for word in command), command
    assert int(fact or 0) > before


def run(home: Path, *command: str) -> Result:
    return CliRunner().invoke(main, list(command), env={"IDP_HOME": str(home), "IDP_DATABASE_URL": ""})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert run(tmp_path / "home", "init").exit_code == 0
    return tmp_path / "home"


def restored(home: Path, source: Path) -> Result:
    return run(home, "db", "restore", str(source), "--yes")


def fact(home: Path, name: str) -> str | None:
    database = SqliteDatabase(Settings(home=home).sqlite_path)
    try:
        return SqlDeploymentStore(database).fact(name)
    finally:
        database.close()


@pytest.mark.parametrize("content", ["empty", "another program", "later release", "another deployment", "no database"])
def test_what_is_no_copy_of_this_deployment_is_not_put_in_its_place(home: Path, tmp_path: Path, content: str) -> None:
    """SQLite finds an empty file, and anybody's database, whole: nothing of ours may be lost to one."""
    source = tmp_path / "copy.db"
    if content in {"later release", "another deployment"}:
        assert run(home, "db", "backup", str(source)).exit_code == 0
    elif content == "no database":
        source.write_text("đây không phải là cơ sở dữ liệu", encoding="utf-8")
    else:
        source.touch()
    changes = {
        "another program": "CREATE TABLE notes (text TEXT)",
        "later release": "UPDATE alembic_version SET version_num = '9999'",
        "another deployment": "INSERT OR REPLACE INTO deployment VALUES ('issuer', 'https://other.example.vn')",
    }
    if content in changes:
        with closing(sqlite3.connect(source)) as copy, copy:
            copy.execute(changes[content])
    result = restored(home, source)
    assert result.exit_code == 1, result.output
    assert fact(home, MEMORY_SINCE) is None
    assert run(home, "keys", "list").exit_code == 0, "what was there is there"


def test_name_that_means_something_in_an_address_is_a_name(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "bản sao #1?mode=rwc&x=%41.db"
    assert run(home, "db", "backup", str(source)).exit_code == 0
    assert restored(home, source).exit_code == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["home", source.name])
    assert not list(home.glob("*.restoring"))


def test_process_that_dies_right_after_the_copy_is_in_place_has_not_forgotten_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "copy.db"
    assert run(home, "db", "backup", str(source)).exit_code == 0

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(deployment, "_forgot", die)
        assert restored(home, source).exit_code != 0
    assert fact(home, MEMORY_SINCE) is not None


def test_copy_that_fails_leaves_no_half_of_one(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "copy.db"

    def fail(_path: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", fail)
        with pytest.raises(OSError):
            backup.backup(SqliteDatabase(Settings(home=home).sqlite_path), source)
    assert not source.exists()
