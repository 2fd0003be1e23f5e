"""What somebody above has stopped: nobody below lets it go on."""

from __future__ import annotations

import pytest

from clients.documents import to_metadata
from clients.model import Client
from idp.errors import Refused
from policies.delegation import Action, Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, OTHER, SHORT


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


def test_what_was_suspended_from_above_is_not_resumed_from_below(place: AdministeredWorld) -> None:
    """The attack: the province stops a system in an incident, and its own managers start it again a minute later."""
    acts, client_id = place.acts.clients, place.client(BELOW).client.client_id
    own, peer = (place.admin(name, Role.CLIENT_MANAGER, BELOW) for name in ("quản lý", "đồng nghiệp"))
    above, top = place.admin("xã", Role.UNIT_ADMINISTRATOR, SHORT), place.admin("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    for suspending, resuming in ((own, peer), (peer, own), (own, above), (above, top)):
        acts.suspend(suspending, client_id, "x")
        assert acts.resume(resuming, client_id, "x").state == "active"  # type: ignore[union-attr]
    for suspending, refused in ((above, own), (top, above), (top, own)):
        acts.suspend(suspending, client_id, "sự cố")
        before = len(place.refusals())
        with pytest.raises(Refused):
            acts.resume(refused, client_id, "x")
        assert place.refusals()[before:] == [(refused.principal, "outranked")]
        assert Action.CLIENT_RESUME not in acts.show(refused, client_id).may
        assert Action.CLIENT_RESUME in acts.show(suspending, client_id).may
        assert acts.resume(suspending, client_id, "x").state == "active"  # type: ignore[union-attr]
    place.wiring.clients.set_state(client_id, "suspended")
    with pytest.raises(Refused):
        acts.resume(above, client_id, "x")
    assert acts.resume(top, client_id, "x").state == "active"  # type: ignore[union-attr]


def test_what_was_suspended_below_is_held_from_above(place: AdministeredWorld) -> None:
    """The attack: the managers of a system suspend it before the province does, whose act then changes nothing, and start it again."""
    acts, client_id = place.acts.clients, place.client(BELOW).client.client_id
    own, peer = (place.admin(name, Role.CLIENT_MANAGER, BELOW) for name in ("quản lý", "đồng nghiệp"))
    top = place.admin("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    first = acts.suspend(own, client_id, "bảo trì")
    assert [acts.show(who, client_id).can_hold for who in (own, peer, top)] == [False, False, True]
    assert acts.suspend(own, client_id, "x") == acts.suspend(peer, client_id, "x") == first
    held = acts.suspend(top, client_id, "sự cố")
    assert (held.state, held.version > first.version) == ("suspended", True)
    for below in (own, peer):
        assert acts.suspend(below, client_id, "x").version == held.version
        with pytest.raises(Refused):
            acts.resume(below, client_id, "x")
    assert acts.suspend(top, client_id, "x").version == held.version
    assert acts.resume(top, client_id, "x").state == "active"  # type: ignore[union-attr]


def test_what_was_suspended_from_above_is_not_moved_out_of_reach(place: AdministeredWorld) -> None:
    """The attack: who manages systems in two places moves the system to the other one, where whoever stopped it has no say, and starts it."""
    made = place.client(BELOW)
    acts, client_id = place.acts, made.client.client_id
    for unit in (BELOW, OTHER):
        place.grant("quản lý", Role.CLIENT_MANAGER, unit)
    own, above = place.who("quản lý"), place.admin("xã", Role.UNIT_ADMINISTRATOR, SHORT)
    elsewhere = {**to_metadata(made.client), "unit": OTHER}
    held = acts.clients.suspend(above, client_id, "sự cố")
    with pytest.raises(Refused):
        acts.client_changes.update(own, client_id, elsewhere, version=held.version)
    assert place.refusals()[-1] == (own.principal, "outranked")
    resumed = acts.clients.resume(above, client_id, "xong")
    assert isinstance(resumed, Client)
    own_again = acts.clients.suspend(own, client_id, "bảo trì")
    moved = acts.client_changes.update(own, client_id, elsewhere, version=own_again.version)
    assert isinstance(moved, Client)
    assert (moved.unit, moved.state) == (OTHER, "suspended")


def test_nobody_holds_what_the_operator_or_a_higher_one_suspended(place: AdministeredWorld) -> None:
    acts, client_id = place.acts.clients, place.client(BELOW).client.client_id
    own, top = place.admin("quản lý", Role.CLIENT_MANAGER, BELOW), place.admin("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    stopped = place.wiring.clients.set_state(client_id, "suspended")
    for who in (own, top):
        assert not acts.show(who, client_id).can_hold
        assert acts.suspend(who, client_id, "x").version == stopped.version


def test_who_suspended_and_has_left_since_still_stands_where_he_stood(place: AdministeredWorld) -> None:
    acts, client_id = place.acts.clients, place.client(BELOW).client.client_id
    own = place.admin("quản lý", Role.CLIENT_MANAGER, BELOW)
    grant = place.grant("xã", Role.UNIT_ADMINISTRATOR, SHORT)
    acts.suspend(place.who("xã"), client_id, "sự cố")
    place.world.clock.advance(60)
    place.wiring.admins.revoke([grant], by="operator:local", reason="thôi chức")
    with pytest.raises(Refused):
        acts.resume(own, client_id, "x")
    assert acts.resume(place.admin("xã mới", Role.CLIENT_MANAGER, SHORT), client_id, "x").state == "active"  # type: ignore[union-attr]
