"""What a second person let happen and did not come to its end: it is told as failed, recorded, and may be asked for again."""

from __future__ import annotations

import pytest

from idp.model.approval import Approval
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT

HOUR = 3600


class UnforeseenError(Exception):
    """Stands for a fault of ours."""


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


def asked(place: AdministeredWorld) -> Approval:
    first = place.admin("một", Role.CLIENT_MANAGER, SHORT)
    document = {**place.document(SHORT), "scope": "openid profile identity"}
    made = place.acts.client_changes.create(first, document, "thủ tục mới")
    assert made.waiting is not None
    return made.waiting


def settled(place: AdministeredWorld) -> list[tuple[str, str, str]]:
    return [(row["actor"], row["outcome"], row["reason"]) for row in place.world.events("approval:settle")]


def test_act_that_ends_in_an_unforeseen_fault_is_told_as_failed(
    place: AdministeredWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, second = asked(place), place.admin("hai", Role.CLIENT_MANAGER, SHORT)

    def fail(*_args: object, **_more: object) -> None:
        raise UnforeseenError

    with monkeypatch.context() as patched:
        patched.setattr(place.wiring.clients, "update", fail)
        with pytest.raises(UnforeseenError):
            place.acts.approvals.approve(second, waiting.id)
    found = place.wiring.approvals.get(waiting.id)
    assert (found.state, found.outcome) == ("failed", "unexpected")
    assert settled(place) == [(second.principal, "failed", "unexpected")]
    # Nothing holds the same act back when the fault is mended.
    client = place.wiring.clients.known(waiting.arguments["client_id"])
    again = place.acts.client_changes.update(
        place.who("một"), client.client_id, dict(waiting.arguments["document"]), version=client.version
    )
    assert isinstance(again, Approval)
    assert place.acts.approvals.approve(second, again.id).state == "done"


def test_act_whose_process_died_is_closed_after_an_hour_and_recorded(place: AdministeredWorld) -> None:
    waiting = asked(place)
    place.wiring.approvals.claim(waiting, "account:hai")
    place.world.clock.advance(HOUR - 1)
    assert place.wiring.approvals.close_interrupted() == 0
    place.world.clock.advance(1)
    assert place.wiring.approvals.close_interrupted() == 1
    found = place.wiring.approvals.get(waiting.id)
    assert (found.state, found.outcome) == ("failed", "interrupted")
    assert settled(place) == [("system", "failed", "interrupted")]
    assert place.wiring.approvals.close_interrupted() == 0
    assert "identity" not in place.wiring.clients.known(waiting.arguments["client_id"]).scope


def test_housekeeper_closes_what_was_interrupted(place: AdministeredWorld) -> None:
    waiting = asked(place)
    place.wiring.approvals.claim(waiting, "account:hai")
    place.world.clock.advance(HOUR)
    assert place.wiring.housekeeper.tick()["approvals"] == 1
