"""A withdrawal is tracked until the system was told: by a signal that it took, or by an officer's word, against the legal time."""

from __future__ import annotations

import pytest

from idp.endpoints.admin.withdrawals import PATH
from idp.flows.administration.consents import WithdrawalSearch
from idp.flows.administration.paging import Window
from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.console import Administrating
from tests.support.shared_signals import POLL, Department, task
from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor, asked

DAY = 86400


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    made = ApiWorld(world)
    made.grant("officer", Role.CONSENT_OFFICER)
    return made


def caller(place: ApiWorld) -> Caller:
    return Caller(place.app, place.token("officer"), "officer")


def withdrawn(place: ApiWorld, department: Department) -> str:
    """Return the account of somebody who agreed and withdrew."""
    person = place.world.add_person(1)
    Visitor(place.world, person).allowed(asked(department.system))
    client_id = department.system.client.client_id
    assert place.wiring.consents.withdraw(person, client_id, actor=f"account:{person}", reason="withdrawn")
    return person


def states(place: ApiWorld, state: str = "") -> list[tuple[str, bool]]:
    found = place.acts.consents.withdrawals(place.who("officer"), WithdrawalSearch(state), Window())
    return [(one.state, one.is_late) for one in found.rows]


def test_withdrawal_waits_until_the_department_has_taken_the_signal(place: ApiWorld, health: Department) -> None:
    stream = health.listen(delivery={"method": POLL})
    withdrawn(place, health)
    assert states(place) == [("waiting", False)]
    place.wiring.audit_tree.sequence()
    task(place.world, "signals")
    (jti,) = health.poll(stream)["sets"]
    assert states(place) == [("waiting", False)], "offered is not taken"
    health.poll(stream, ack=[jti])
    assert states(place) == []
    assert states(place, "told") == [("told", False)]


def test_signal_that_the_department_refuses_told_it_nothing(place: ApiWorld, health: Department) -> None:
    stream = health.listen(delivery={"method": POLL})
    withdrawn(place, health)
    place.wiring.audit_tree.sequence()
    task(place.world, "signals")
    (jti,) = health.poll(stream)["sets"]
    health.poll(stream, setErrs={jti: {"err": "invalid_key", "description": "x"}})
    assert states(place) == [("waiting", False)]


def test_department_without_a_stream_is_told_by_an_officer(place: ApiWorld, health: Department) -> None:
    withdrawn(place, health)
    assert states(place) == [("no_way", False)]
    place.world.clock.advance(21 * DAY)
    officer = Administrating(place, place.account("officer"))
    listed = officer.open(f"/admin{PATH}")
    link = listed.soup.select_one("tbody th a")
    assert link is not None
    page = officer.submit(officer.open(str(link["href"])), "told-form", reason="Công văn 12, đã trả lời dừng xử lý")
    assert page.soup.find(id="told-form") is None
    assert states(place) == []
    assert states(place, "told") == [("told", True)], "told, and too late"
    assert place.world.events("consent:told")


def test_confirmation_is_given_once_and_within_reach(place: ApiWorld, health: Department) -> None:
    withdrawn(place, health)
    officer = caller(place)
    (row,) = officer("GET", "/withdrawals").json["items"]
    outside = place.administrator("outside", Role.CONSENT_OFFICER, place.wiring.admins.unit("79.10"))
    assert outside("GET", "/withdrawals").json == {"items": []}
    told = f"/withdrawals/{row['id']}/told"
    assert outside("POST", told, {"reason": "x"}).status == 404
    auditor = place.administrator("auditor", Role.AUDITOR)
    assert auditor("POST", told, {"reason": "x"}).status == 403
    assert officer("POST", told, {"reason": "Đã gọi điện"}).json["state"] == "told"
    assert officer("POST", told, {"reason": "x"}).status == 409
    assert officer("POST", "/withdrawals/none/told", {"reason": "x"}).status == 404


def test_due_first_a_page_at_a_time(place: ApiWorld, health: Department) -> None:
    first = withdrawn(place, health)
    place.world.clock.advance(2 * DAY)
    second = place.world.add_person(2)
    Visitor(place.world, second).allowed(asked(health.system))
    client_id = health.system.client.client_id
    place.wiring.consents.withdraw(second, client_id, actor=f"account:{second}", reason="withdrawn")
    officer = caller(place)
    page = officer("GET", "/withdrawals?limit=1").json
    following = officer("GET", f"/withdrawals?limit=1&cursor={page['next']}").json
    assert [page["items"][0]["account_id"], following["items"][0]["account_id"]] == [first, second]
    assert page["items"][0]["due_at"] - page["items"][0]["withdrawn_at"] > 20 * DAY
