"""Accounts that were closed: two persons bring them back, as they were seen when it was asked."""

from __future__ import annotations

import pytest

from idp.errors import Conflict
from idp.model.approval import Approval
from idp.services.locks import ground
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


def test_an_account_that_was_closed_while_it_was_locked_comes_back(place: AdministeredWorld) -> None:
    first, second = (place.admin(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai"))
    person = place.account("dân", SHORT)
    place.wiring.locks.lock(person, ground("own_request", "mất máy"), actor="operator:local")
    place.wiring.accounts.change_state(person, "closed", reason="báo tử nhầm")
    asked = place.acts.account_states.unlock(first, person, "còn sống")
    assert isinstance(asked, Approval)
    place.acts.approvals.approve(second, asked.id)
    assert (place.wiring.accounts.get(person).state, place.wiring.locks.live(person)) == ("active", [])


def test_an_account_that_was_closed_after_an_unlocking_was_asked_for_stays_closed(place: AdministeredWorld) -> None:
    first, second = (place.admin(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai"))
    person = place.account("dân", SHORT)
    place.wiring.locks.lock(person, ground("authority_request", "x", "12/CV"), actor="operator:local")
    asked = place.acts.account_states.unlock(first, person, "hết lý do")
    assert isinstance(asked, Approval)
    place.wiring.accounts.change_state(person, "closed", reason="đã mất")
    with pytest.raises(Conflict):
        place.acts.approvals.approve(second, asked.id)
    assert place.wiring.accounts.get(person).state == "closed"
    assert len(place.wiring.locks.live(person)) == 1
