"""An older state of the database that was put back: what may have been used since is not taken again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.cli import main
from idp.config import Settings
from idp.ports.ephemeral import Use
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
