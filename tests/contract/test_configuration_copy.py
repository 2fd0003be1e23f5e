"""A configuration is carried to an empty province: what is exported there is the same, byte for byte, but for tokens whose secrets nobody could be told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from idp.model.signal import POLL, PUSH
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from policies.delegation import TOP, Role
from policies.signals import EVENT_TYPES
from tests.support.administered_world import AdministeredWorld
from tests.support.client_keys import key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT
from tests.support.whole_app import TERMS

MARK = "https://id.example.vn/marks/level-3"
ENTITY = "https://so.example.vn"
DAY = 86400
DUTY = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"},
    "legal_basis": "public_duty",
    "claims": ["name", "identity_code"],
}
NEWS = {
    "id": "news",
    "text": {"vi": "Báo kết quả", "en": "To send the result"},
    "legal_basis": "consent",
    "claims": ["gender"],
    "optional_claims": ["email"],
}


def province(folder: Path, template: Path, clock: FrozenClock) -> AdministeredWorld:
    folder.mkdir()
    database = SqliteDatabase(Path(shutil.copy(template, folder / "dinhdanh.sqlite3")))
    federation = {"enabled": True, "trust_mark_types": (MARK,)}
    return AdministeredWorld(TokenWorld(folder, database, clock, federation=federation))


@pytest.fixture
def rich(tmp_path: Path, sqlite_template: Path, clock: FrozenClock) -> Iterator[AdministeredWorld]:
    """Return a province with clients of many kinds, grants, entities, marks and streams."""
    made = province(tmp_path / "one", sqlite_template, clock)
    names = {"client_name": "Một cửa điện tử", "client_name#en": "One stop"}
    made.client(SHORT, client_id="mot", scope="openid email profile identity", purposes=[DUTY, NEWS], **names)
    method = {"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(new_key()), "profile": "fapi2"}
    made.client(LONG, client_id="hai", require_pushed_authorization_requests=True, **method)
    made.client(LONG, client_id="ba", minimum_acr="urn:dinhdanh:loa:2", subject_type="pairwise")
    made.wiring.clients.set_state("ba", "suspended", note="thử")
    made.wiring.clients.update("mot", {**made.document(SHORT), "scope": "openid email", "purposes": []}, note="sửa")
    now = clock.now()
    made.grant("client:hai", Role.AUDITOR)
    made.grant("account:01h0000000000000000000000a", Role.UNIT_ADMINISTRATOR, SHORT, ends=now + DAY)
    made.grant("account:01h0000000000000000000000b", Role.PROVINCIAL_ADMINISTRATOR, TOP)
    wiring = made.wiring
    wiring.members.put("", ENTITY, {"jwks": key_set(new_key()), "entity_types": ["oauth_client"]})
    wiring.members.put("", "https://xa.example.vn", {"jwks": key_set(new_key())})
    wiring.members.issue_mark(MARK, ENTITY, 30 * DAY)
    push = {"method": PUSH, "endpoint_url": "https://so.example.vn/events"}
    wiring.streams.add("mot", {"delivery": push, "description": "đẩy"}, "")
    paused = wiring.streams.add("hai", {"delivery": {"method": POLL}, "events_requested": [EVENT_TYPES[0]]}, "")
    wiring.streams.set_status("hai", {"stream_id": paused.id, "status": "paused"}, "")
    yield made
    made.world.database.close()


@pytest.fixture
def empty(tmp_path: Path, sqlite_template: Path, clock: FrozenClock) -> Iterator[AdministeredWorld]:
    """Return a province with its units and nothing else."""
    made = province(tmp_path / "two", sqlite_template, clock)
    yield made
    made.world.database.close()


def written(place: AdministeredWorld) -> bytes:
    """Return the export as ``idp export`` prints it."""
    return orjson.dumps(place.wiring.configuration.export(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def test_what_is_carried_over_is_exported_there_byte_for_byte(
    rich: AdministeredWorld, empty: AdministeredWorld, clock: FrozenClock
) -> None:
    first = written(rich)
    clock.advance(60)
    done = empty.wiring.configuration.apply(orjson.loads(first), reason="dời máy")
    assert {one.act for one in done.changes} == {"add"}
    assert set(done.secrets) == {"mot", "ba"}, "each is shown once"
    assert written(empty) == first
    before = len(stored(empty.world.database, audit_events))
    for prune in (False, True):
        again = empty.wiring.configuration.apply(orjson.loads(first), reason="lần hai", prune=prune, dry_run=not prune)
        assert (again.changes, again.passed_over) == ((), ())
    assert len(stored(empty.world.database, audit_events)) == before
    assert written(rich) == first, "the same moment later is the same document"


def test_token_of_another_province_is_passed_over_and_told(rich: AdministeredWorld, empty: AdministeredWorld) -> None:
    rich.wiring.initial_tokens.issue(TERMS, uses=3, lifetime=DAY)
    document: dict[str, Any] = orjson.loads(written(rich))
    done = empty.wiring.configuration.apply(document, reason="dời máy", prune=True)
    assert done.passed_over == ("initial_tokens[0]",)
    assert orjson.loads(written(empty)) == {**document, "initial_tokens": []}


def test_stream_keeps_its_id_unless_another_one_has_it(rich: AdministeredWorld) -> None:
    (held,) = rich.wiring.streams.of_client("mot")
    row = {"client_id": "hai", "method": POLL}
    for given in (held.id, "của tôi", ""):
        document = {
            "format": "dinhdanh-configuration/1",
            "streams": [{**row, "id": given, "description": f"mới {given}"}],
        }
        rich.wiring.configuration.apply(document, reason="thử")
    (still,) = rich.wiring.streams.of_client("mot")
    made = [one for one in rich.wiring.streams.of_client("hai") if one.status.value == "enabled"]
    assert still == held
    assert len({one.id for one in made} | {held.id}) == 4
