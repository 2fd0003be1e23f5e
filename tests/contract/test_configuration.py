"""Configuration as code over SQLite and PostgreSQL: exported, applied as a whole or not at all, changed by nothing the second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.errors import Conflict, InvalidInput
from idp.flows.administration.configuration import Applied
from idp.storage.database import Database
from idp.storage.tables import admin_grants, audit_events, clients
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT


@pytest.fixture
def place(database: Database, tmp_path: Path, clock: FrozenClock) -> AdministeredWorld:
    made = AdministeredWorld(TokenWorld(tmp_path, database, clock))
    made.client(SHORT, client_id="mot")
    made.client(LONG, client_id="hai", scope="openid profile identity")
    made.grant("quản trị", Role.UNIT_ADMINISTRATOR, SHORT)
    return made


def apply(place: AdministeredWorld, document: dict[str, Any], **more: Any) -> Applied:
    return place.wiring.configuration.apply(document, reason="như đã định", **more)


def acts(done: Applied) -> list[tuple[str, str, str]]:
    return [(one.act, one.kind, one.name) for one in done.changes]


def test_what_was_exported_changes_nothing(place: AdministeredWorld) -> None:
    document = place.wiring.configuration.export()
    assert [one["client_id"] for one in document["clients"]] == ["hai", "mot"]
    assert "secrets" not in str(document)
    assert document["admins"][0]["unit"] == SHORT
    before = len(stored(place.world.database, audit_events))
    assert acts(apply(place, document, prune=True)) == []
    assert len(stored(place.world.database, audit_events)) == before


def test_difference_is_applied_in_one_go_with_its_records(place: AdministeredWorld) -> None:
    document = place.wiring.configuration.export()
    document["clients"][0]["client_name"] = "Tên khác"
    document["clients"][1]["state"] = "suspended"
    document["clients"].append({**place.document(SHORT), "client_id": "ba"})
    document["admins"][0]["ends"] = place.world.clock.now() + 1000
    friend = f"account:{place.account('bạn')}"
    document["admins"].append({"principal": friend, "role": "support", "unit": LONG})
    wanted = [
        ("update", "client", "hai"), ("update", "client", "mot"), ("add", "client", "ba"),
        ("update", "admin", f"account:{place.account('quản trị')} unit-administrator {SHORT}"),
        ("add", "admin", f"{friend} support {LONG}"),
    ]  # fmt: skip
    seen = apply(place, document, dry_run=True)
    assert acts(seen) == wanted
    assert seen.secrets == {}
    assert place.wiring.clients.known("hai").name("vi") != "Tên khác"
    done = apply(place, document)
    assert acts(done) == wanted
    assert done.changes[0].fields["client_name"][1] == "Tên khác"
    assert list(done.secrets) == ["ba"]
    assert place.wiring.clients.known("hai").name("vi") == "Tên khác"
    assert place.wiring.clients.known("mot").state == "suspended"
    assert {one.role for one in place.wiring.admins.held(friend)} == {Role.SUPPORT}
    records = stored(place.world.database, audit_events, reason="như đã định")
    assert {one["event"] for one in records} == {"admin:grant", "admin:revoke"}
    assert acts(apply(place, document)) == []


def test_one_fault_stops_all_of_it(place: AdministeredWorld) -> None:
    document = place.wiring.configuration.export()
    document["clients"][0]["client_name"] = "Tên khác"
    document["admins"].append({"principal": "account:x", "role": "support", "unit": "không có"})
    with pytest.raises(InvalidInput) as refused:
        apply(place, document)
    assert refused.value.field == "admins[1]"
    document["clients"][1]["redirect_uris"] = ["ftp://x"]
    with pytest.raises(InvalidInput) as refused:
        apply(place, document)
    assert refused.value.field == "clients[1]"
    assert place.wiring.clients.known("hai").name("vi") != "Tên khác"


def test_change_by_somebody_else_in_between_stops_all_of_it(
    place: AdministeredWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = place.wiring.configuration.export()
    document["clients"][0]["client_name"] = "Tên khác"
    document["admins"].append({"principal": f"account:{place.account('bạn')}", "role": "support", "unit": LONG})
    store = place.wiring.configuration._store
    write = store.write

    def late(*arguments: Any, **named: Any) -> None:
        place.wiring.clients.set_state("mot", "suspended")
        write(*arguments, **named)

    monkeypatch.setattr(store, "write", late)
    rows = len(stored(place.world.database, admin_grants))
    with pytest.raises(Conflict):
        apply(place, document)
    assert len(stored(place.world.database, admin_grants)) == rows
    assert place.wiring.clients.known("hai").name("vi") != "Tên khác"


def test_what_is_not_named_stays_unless_it_is_pruned(place: AdministeredWorld) -> None:
    document = place.wiring.configuration.export()
    less = {**document, "clients": document["clients"][:1], "admins": []}
    assert acts(apply(place, less)) == []
    assert [act for act, _, _ in acts(apply(place, less, prune=True))] == ["remove", "remove"]
    states = {row["client_id"]: row["state"] for row in stored(place.world.database, clients)}
    assert states == {"hai": "active", "mot": "removed"}
    assert place.wiring.admins.held(f"account:{place.account('quản trị')}") == ()
    with pytest.raises(InvalidInput):
        apply(place, document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"format": "dinhdanh-configuration/1", "else": []},
        {"format": "dinhdanh-configuration/1", "clients": {}},
        {"format": "dinhdanh-configuration/1", "clients": [{}]},
        {"format": "dinhdanh-configuration/1", "clients": [{"client_id": "a"}, {"client_id": "a"}]},
        {"format": "dinhdanh-configuration/1", "admins": [{"principal": "a", "role": "king", "unit": "*"}]},
    ],
)
def test_strange_document_is_refused(place: AdministeredWorld, document: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        apply(place, document)
