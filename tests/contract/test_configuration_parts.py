"""Federation, trust marks, streams and initial access tokens in a configuration: exported without secrets, applied with the rest or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.errors import InvalidInput
from idp.flows.administration.configuration import Applied
from idp.model.signal import POLL, PUSH
from idp.storage.database import Database
from idp.storage.tables import audit_events
from policies.signals import EVENT_TYPES
from tests.support.administered_world import AdministeredWorld
from tests.support.client_keys import key_set, new_key
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT
from tests.support.whole_app import TERMS

MARK = "https://id.example.vn/marks/level-3"
ENTITY = "https://so.example.vn"
FORMAT = "dinhdanh-configuration/1"
DAY = 86400
HEADER = "Bearer bí mật của người nhận".encode("ascii", "ignore").decode()


@pytest.fixture
def place(database: Database, tmp_path: Path, clock: FrozenClock) -> AdministeredWorld:
    federation = {"enabled": True, "trust_mark_types": (MARK,)}
    made = AdministeredWorld(TokenWorld(tmp_path, database, clock, federation=federation))
    made.client(SHORT, client_id="mot")
    return made


@pytest.fixture
def full(place: AdministeredWorld) -> dict[str, Any]:
    """Return what is exported where there is one of each."""
    wiring = place.wiring
    wiring.members.put("", ENTITY, {"jwks": key_set(new_key())})
    wiring.members.issue_mark(MARK, ENTITY, 30 * DAY)
    push = {"method": PUSH, "endpoint_url": "https://so.example.vn/events", "authorization_header": HEADER}
    wiring.streams.add("mot", {"delivery": push, "description": "đẩy"}, "")
    wiring.initial_tokens.issue(TERMS, uses=3, lifetime=DAY)
    return wiring.configuration.export()


def apply(place: AdministeredWorld, document: dict[str, Any], **more: Any) -> Applied:
    return place.wiring.configuration.apply(document, reason="như đã định", **more)


def acts(done: Applied) -> list[tuple[str, str]]:
    return [(one.act, one.kind) for one in done.changes]


def test_each_part_is_exported_without_a_secret_and_changes_nothing(
    place: AdministeredWorld, full: dict[str, Any]
) -> None:
    assert [len(full[name]) for name in ("subordinates", "trust_marks", "streams", "initial_tokens")] == [1] * 4
    text = str(full)
    assert HEADER not in text
    assert full["streams"][0].keys() == {"id", "client_id", "method", "url", "description", "events", "status"}
    assert "iat_" not in text
    assert full["initial_tokens"][0]["uses_left"] == 3
    before = len(stored(place.world.database, audit_events))
    assert acts(apply(place, full, prune=True)) == []
    assert len(stored(place.world.database, audit_events)) == before


def test_parts_are_added_changed_and_removed_with_their_records_and_twice_is_once(
    place: AdministeredWorld, full: dict[str, Any]
) -> None:
    other = {"entity_id": "https://khac.example.vn", "jwks": key_set(new_key())}
    wanted = {
        "format": FORMAT,
        "subordinates": [{**full["subordinates"][0], "entity_types": ["oauth_client"]}, other],
        "trust_marks": [{"mark_type": MARK, "subject": ENTITY, "expires_at": place.world.clock.now() + 60 * DAY}],
        "streams": [
            {**full["streams"][0], "description": "đẩy đi", "status": "paused"},
            {"client_id": "mot", "method": POLL, "events": list(EVENT_TYPES[:1])},
        ],
        "initial_tokens": [],
    }
    expected = [
        *(("update", "subordinate"), ("add", "subordinate"), ("update", "trust_mark")),
        *(("update", "stream"), ("add", "stream"), ("remove", "initial_token")),
    ]
    rows = len(stored(place.world.database, audit_events))
    seen = apply(place, wanted, prune=True, dry_run=True)
    assert acts(seen) == expected
    assert len(stored(place.world.database, audit_events)) == rows, "a dry run writes nothing"
    done = apply(place, wanted, prune=True)
    assert acts(done) == expected
    assert done.changes[0].fields["entity_types"] == (["openid_relying_party"], ["oauth_client"])
    streams = {one.description: one for one in place.wiring.streams.of_client("mot")}
    assert (streams["đẩy đi"].status, streams["đẩy đi"].authorization) == ("paused", HEADER), "the header stays"
    assert streams[""].method == POLL
    made = stored(place.world.database, audit_events)[rows:]
    assert {one["actor"] for one in made} == {"operator:local"}
    assert acts(apply(place, wanted, prune=True)) == []


def test_entity_that_is_vouched_for_no_more_loses_its_client(place: AdministeredWorld, full: dict[str, Any]) -> None:
    ended: list[str] = []
    parts = place.wiring.configuration._parts
    stores = parts._stores
    parts._stores = type(stores)(
        **{
            **{name: getattr(stores, name) for name in stores.__slots__},
            "end_client": lambda client_id, _note: ended.append(client_id),
        }
    )
    done = apply(place, {"format": FORMAT, "subordinates": [], "trust_marks": []}, prune=True)
    assert acts(done) == [("remove", "subordinate"), ("remove", "trust_mark")]
    assert ended == [ENTITY]
    assert place.wiring.federation_store.subordinates("") == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"clients": [{"client_id": "mot", "redirect_urls": []}]}, "clients[0].redirect_urls"),
        ({"clients": [{"client_id": "mot", "secrets": []}]}, "clients[0].secrets"),
        ({"clients": [{"client_id": "mot", "not_before": 5}]}, "clients[0].not_before"),
        ({"clients": [{"client_id": "mot", "state": "removed"}]}, "clients[0].state"),
        ({"admins": [{"principal": "a", "role": "support", "unit": "*", "until": 5}]}, "admins[0].until"),
        ({"subordinates": [{"entity_id": ENTITY, "keys": {}}]}, "subordinates[0].keys"),
        ({"subordinates": [{"entity_id": ENTITY}]}, "subordinates[0].jwks"),
        ({"subordinates": [{"entity_id": "ftp://x", "jwks": {}}]}, "subordinates[0].entity_id"),
        ({"trust_marks": [{"mark_type": MARK, "subject": ENTITY}]}, "trust_marks[0].expires_at"),
        ({"streams": [{"client_id": "ai", "method": POLL}]}, "streams[0].client_id"),
        ({"streams": [{"client_id": "mot", "method": PUSH, "url": "ftp://x"}]}, "streams[0].delivery"),
        ({"streams": [{"client_id": "mot", "method": POLL, "authorization": "x"}]}, "streams[0].authorization"),
        ({"initial_tokens": [{"id": "a", "secret": "iat_x"}]}, "initial_tokens[0].secret"),
        ({"settings": {}}, "document"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_and_nothing_is_written(
    place: AdministeredWorld, document: dict[str, Any], field: str
) -> None:
    before = len(stored(place.world.database, audit_events))
    with pytest.raises(InvalidInput) as refused:
        apply(place, {"format": FORMAT, **document})
    assert refused.value.field == field
    assert len(stored(place.world.database, audit_events)) == before
