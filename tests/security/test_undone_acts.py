"""What somebody above has stopped: nobody below lets it go on."""

from __future__ import annotations

import pytest

from idp.errors import Refused
from policies.delegation import Action, Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, SHORT


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
