"""A sign-in in theory: the very decisions of the sign-in, nothing changed, nothing issued, and the person can read who looked."""

from __future__ import annotations

from typing import Any

import pytest

from idp.ports.sessions import ConsentState
from idp.storage.tables import metadata
from policies import assurance, claims, consent
from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.console import Administrating
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld
from tests.support.units import LONG, SHORT
from tests.support.visit import Visitor, asked

QUIET = ("accounts", "consents", "subjects", "sessions", "grants", "credentials", "transactions")


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    return place.administrator("xã", Role.UNIT_ADMINISTRATOR, SHORT)


def person(place: ApiWorld, *, second: bool = False, unit: str = SHORT) -> str:
    account = place.world.add_person(31, unit=unit)
    place.wiring.credentials.set_password(account, "Sông Thu Bồn 1975 mùa nước nổi")
    if second:
        place.wiring.credentials.enrol_totp(account)
    return account


def simulated(caller: Caller, client_id: str, account: str, **more: str) -> Any:
    answer = caller("POST", f"/clients/{client_id}/simulate", {"account_id": account, **more})
    assert answer.status == 200, answer.json
    return answer.json


def test_first_visit_signs_in_asks_for_consent_and_answers(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT, scope="openid profile email phone").client.client_id
    found = simulated(boss, client, person(place), scope="openid profile email")
    assert [(one["step"], one["reason"]) for one in found["steps"]] == [
        ("sign_in", "no_session"),
        ("consent", "first_time"),
        ("answer", ""),
    ]
    assert (found["outcome"], found["screen"], found["needed"]) == ("answer", "ask", "")
    fates = {one["name"]: one["fate"] for one in found["claims"]}
    assert fates["name"] == "released"
    assert fates["email"] == "optional"
    assert fates["nickname"] == "empty"
    assert fates["phone_number"] == "not_asked"


def test_level_that_no_factor_reaches_is_refused_with_the_reason(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT, minimum_acr=assurance.LOA_2).client.client_id
    found = simulated(boss, client, person(place))
    assert (found["outcome"], found["needed"]) == ("unmet", assurance.LOA_2)
    assert (found["reached"], found["reachable"]) == (assurance.LOA_1, assurance.LOA_1)
    assert found["steps"][-1]["reason"] == "acr_unreachable"


def test_step_up_names_the_factors_that_are_enough(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT, minimum_acr=assurance.LOA_2).client.client_id
    found = simulated(boss, client, person(place, second=True))
    (step_up,) = [one for one in found["steps"] if one["step"] == "step_up"]
    assert step_up["factors"] == ["totp"]
    assert (found["outcome"], found["reached"]) == ("answer", assurance.LOA_2)


def test_what_was_agreed_to_before_is_not_asked_again(place: ApiWorld, boss: Caller) -> None:
    registered = place.client(SHORT, scope="openid email")
    account = person(place)
    Visitor(place.world, account).allowed(asked(registered))
    found = simulated(boss, registered.client.client_id, account)
    assert (found["screen"], found["outcome"]) == ("none", "answer")


def test_system_with_a_duty_by_law_tells_and_does_not_ask(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT, consent="notice", legal_basis="public_duty").client.client_id
    assert simulated(boss, client, person(place))["screen"] == "notice"


def test_locks_and_suspensions_are_obstacles(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT).client.client_id
    account = person(place)
    assert boss("POST", f"/accounts/{account}/lock", {"reason_code": "own_request", "reason": "đơn"}).status == 200
    place.wiring.clients.set_state(client, "suspended")
    assert simulated(boss, client, account)["obstacles"] == ["account_locked", "lock_own_request", "client_suspended"]


def test_demands_of_the_registration_are_told(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT, require_pushed_authorization_requests=True).client.client_id
    found = simulated(boss, client, person(place))
    assert set(found["demands"]) == {"require_pkce", "require_pushed_authorization_requests"}


def test_nothing_changes_but_the_record_that_the_person_reads(place: ApiWorld, boss: Caller) -> None:
    client = place.client(SHORT).client.client_id
    account = person(place)
    before = {name: stored(place.world.database, metadata.tables[name]) for name in QUIET}
    simulated(boss, client, account)
    assert {name: stored(place.world.database, metadata.tables[name]) for name in QUIET} == before
    (seen,) = place.world.events("account:show", account_id=account)
    assert (seen["actor"], seen["reason"]) == (boss.principal, f"simulation {client}")


def test_request_that_would_be_refused_is_told_by_field(place: ApiWorld, boss: Caller) -> None:
    client, account = place.client(SHORT).client.client_id, person(place)
    body = {"account_id": account, "scope": "openid identity"}
    answer = boss("POST", f"/clients/{client}/simulate", body)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "scope")
    machine = place.client(SHORT, grant_types=["client_credentials"], response_types=[], redirect_uris=[]).client
    answer = boss("POST", f"/clients/{machine.client_id}/simulate", {"account_id": account})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "client_id")


def test_neither_a_neighbours_system_nor_a_neighbours_person_can_be_tried(place: ApiWorld, boss: Caller) -> None:
    own, theirs = place.client(SHORT).client.client_id, place.client(LONG).client.client_id
    resident, stranger = person(place), place.account("dân bên", LONG)
    for client, account in ((theirs, resident), (own, stranger), ("nobody", resident), (own, "nobody")):
        answer = boss("POST", f"/clients/{client}/simulate", {"account_id": account})
        assert answer.status == 404, (client, account)
        assert place.refusals()[-1][0] == boss.principal
    assert place.world.events("account:show", account_id=stranger) == []


def test_right_to_systems_alone_or_to_people_alone_is_not_enough(place: ApiWorld) -> None:
    client, account = place.client(SHORT).client.client_id, person(place)
    for name, role in (("hệ thống", Role.CLIENT_MANAGER), ("hỗ trợ", Role.SUPPORT), ("kiểm toán", Role.AUDITOR)):
        caller = place.administrator(name, role, SHORT)
        assert caller("POST", f"/clients/{client}/simulate", {"account_id": account}).status in {403, 404}, name
    assert place.world.events("account:show", account_id=account) == []


def test_what_somebody_agreed_to_is_told_to_who_may_read_agreements_alone(place: ApiWorld) -> None:
    client, account = place.client(SHORT).client.client_id, person(place)
    both = place.administrator("hai vai", Role.CLIENT_MANAGER, SHORT)
    place.grant("hai vai", Role.SUPPORT, SHORT)
    body = {"account_id": account}
    assert both("GET", f"/clients/{client}").status == both("GET", f"/accounts/{account}").status == 200
    assert both("POST", f"/clients/{client}/simulate", body).status == 404
    assert place.refusals()[-1] == (both.principal, "not_held")
    place.grant("hai vai", Role.CONSENT_OFFICER, SHORT)
    assert both("POST", f"/clients/{client}/simulate", body).status == 200


def test_page_asks_by_a_form_and_shows_the_same(place: ApiWorld) -> None:
    place.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    top = Administrating(place, place.account("root"))
    client, account = place.client(SHORT, minimum_acr=assurance.LOA_2).client.client_id, person(place)
    page = top.open(f"/admin/clients/{client}/simulate")
    shown = top.submit(page, "simulation-form", account=account, scope="openid profile", acr="")
    assert shown.status == 200
    assert account not in shown.url
    assert "Từ chối: không đạt mức xác thực" in shown.text
    assert "Công dân mẫu 31" not in shown.text
    assert top.submit(page, "simulation-form", account=account, scope="openid", acr="x").status == 400


def landed(place: ApiWorld, registered: Registered, account: str, scope: str) -> str:
    """Return the step at which a browser that has just signed in with the password really stands."""
    page = Visitor(place.world, account).authorize(asked(registered, scope=scope))
    if page.callback is not None:
        return "answer"
    return {"consent-form": "consent", "otp-form": "step_up", "unmet-form": "unmet"}[page.form or ""]


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("floor", [None, assurance.LOA_2, assurance.LOA_3])
@pytest.mark.parametrize("is_known", [False, True])
def test_it_says_what_really_happens(
    place: ApiWorld, boss: Caller, floor: str | None, *, second: bool, is_known: bool
) -> None:
    registered = place.client(SHORT, scope="openid email", minimum_acr=floor)
    account = person(place, second=second)
    if is_known:
        session = place.world.sign_in(account)
        given = ConsentState("consent", "openid email", claims.for_scopes(["email"]), 0, text_of(registered))
        place.wiring.consents.give(account, registered.client.client_id, session.id, given)
    found = simulated(boss, registered.client.client_id, account, scope="openid email")
    assert found["steps"][1]["step"] == landed(place, registered, account, "openid email")


def text_of(registered: Registered) -> str:
    return consent.text_version(registered.client.purpose, registered.client.legal_basis)
