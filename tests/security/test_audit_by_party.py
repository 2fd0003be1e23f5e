"""The log by who acted and on what: whoever may not read the whole of it learns no more by these than by client and account."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import NotFound, Refused
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.audit import AuditSearch
from idp.flows.administration.paging import Window
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT

FIRST = Window()


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


def events(place: AdministeredWorld, who: Administrator, **wanted: Any) -> set[str]:
    return {str(row["event"]) for row in place.acts.audit.search(who, AuditSearch(**wanted), FIRST).rows}


def test_whole_log_is_searched_by_who_acted_and_on_what(place: AdministeredWorld) -> None:
    manager, auditor = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT), place.admin("kiểm toán", Role.AUDITOR)
    client = place.client(SHORT).client.client_id
    place.acts.clients.suspend(manager, client, "thử")
    assert events(place, auditor, actor=manager.principal) == {"client:suspend"}
    assert "client:suspend" in events(place, auditor, target=f"client:{client}")
    assert events(place, auditor, target=f"client:{client}", actor="account:ai") == set()
    assert events(place, auditor, actor=manager.principal, event="client:add") == set()


@pytest.mark.parametrize("by", ["actor", "other target", "unknown kind", "other client", "unknown account"])
def test_part_of_the_tree_reads_nothing_of_others_by_either(place: AdministeredWorld, by: str) -> None:
    mine, other = (place.client(code).client.client_id for code in (SHORT, LONG))
    colleague = place.admin("đồng nghiệp", Role.CLIENT_MANAGER, SHORT)
    who = place.admin("kiểm toán xã", Role.AUDITOR, SHORT)
    wanted = {
        "actor": AuditSearch(actor=colleague.principal),
        "other target": AuditSearch(target=f"client:{other}"),
        "unknown kind": AuditSearch(target="key:x"),
        "other client": AuditSearch(client_id=mine, target=f"client:{other}"),
        "unknown account": AuditSearch(client_id=mine, target="account:không"),
    }[by]
    with pytest.raises((Refused, NotFound)):
        place.acts.audit.search(who, wanted, FIRST)
    assert place.refusals()[-1][0] == who.principal


def test_within_reach_it_narrows_what_may_be_read(place: AdministeredWorld) -> None:
    client = place.client(SHORT).client.client_id
    manager = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    place.acts.clients.suspend(manager, client, "thử")
    who = place.admin("kiểm toán xã", Role.AUDITOR, SHORT)
    assert events(place, who, client_id=client, actor=manager.principal) == {"client:suspend"}
    assert "client:suspend" in events(place, who, target=f"client:{client}")
