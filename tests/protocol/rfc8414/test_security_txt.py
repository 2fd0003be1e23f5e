"""``/.well-known/security.txt`` (RFC 9116)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from idp.config.settings import Settings
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import Visitor

PATH = "/.well-known/security.txt"
CONTACTS = ("mailto:anninh@example.vn", "https://example.vn/bao-loi")


def test_it_is_there_where_the_operator_named_a_contact(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock, security_contacts=CONTACTS)
    answer = Visitor(world).open(PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = [line.split(": ", 1) for line in answer.text.splitlines()]
    assert [value for name, value in fields if name == "Contact"] == list(CONTACTS)
    assert [value for name, value in fields if name == "Canonical"] == [ISSUER + PATH]
    (expires,) = [value for name, value in fields if name == "Expires"]
    assert 0 < datetime.fromisoformat(expires).timestamp() - clock.now() < 365 * 86400


def test_without_a_contact_there_is_none(world: TokenWorld) -> None:
    assert Visitor(world).open(PATH).status == 404


@pytest.mark.parametrize(
    "contact", ["anninh@example.vn", "http://example.vn", "mailto:a@example.vn\nExpires: never", ""]
)
def test_what_is_no_contact_is_refused_at_the_start(contact: str) -> None:
    with pytest.raises(ValidationError, match="security_contacts"):
        Settings(security_contacts=(contact,))
