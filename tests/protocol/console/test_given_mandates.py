"""Mandates given by an office: on a document, by two persons who are no party, accepted by the actor, and each refusal on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.model.approval import Approval
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import approvals, audit_events
from policies.delegation import Role
from policies.units import Register
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.mandated_world import Town
from tests.support.stores import stored
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, LONG, PROVINCE, SHORT, unit

PAPER = "0100233488, cấp ngày 12/03/2026"
WHY = "Đã xem bản chính"


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock)


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def town(place: ApiWorld) -> Town:
    return Town(place.world)


@pytest.fixture
def first(place: ApiWorld) -> Caller:
    return place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)


@pytest.fixture
def second(place: ApiWorld) -> Caller:
    return place.administrator("tỉnh hai", Role.PROVINCIAL_ADMINISTRATOR)


DUTY = {"kind": "clerk", "evidence_kind": "appointment_decision"}


def agency(place: ApiWorld) -> str:
    """Add the account of a commune's people's committee, which lives in its own unit."""
    accounts = place.wiring.accounts
    return accounts.add(accounts.draft({"code_type": "agency", "code": "H47.14", "name": "UBND xã mẫu", "unit": SHORT}))


def asked(caller: Caller, town: Town, **changes: Any) -> Any:
    body = {"kind": "representative", "actor": town.an, "evidence_kind": "business_registration"}
    path = f"/accounts/{changes.pop('principal', town.business)}/mandates"
    return caller("POST", path, {**body, "evidence": PAPER, "reason": WHY, **changes})


def test_two_of_the_office_give_it_and_the_actor_accepts(
    place: ApiWorld, town: Town, first: Caller, second: Caller
) -> None:
    answer = asked(first, town, procedures=["1.002835"], unit="79.1", may_delegate=True)
    assert answer.status == 202
    waiting = answer.json["approval"]
    assert place.wiring.mandates.of_principal(town.business) == []
    assert first("POST", f"/approvals/{waiting['id']}/approve").status == 403
    assert second("POST", f"/approvals/{waiting['id']}/approve").status == 200
    (mandate,) = place.wiring.mandates.of_principal(town.business)
    assert (mandate.state, mandate.actor_id, mandate.procedures, mandate.unit_code) == (
        "proposed",
        town.an,
        ("1.002835",),
        "79.1",
    )
    assert (mandate.granted_by, mandate.may_delegate, mandate.depth) == (first.principal, True, 0)
    assert place.wiring.mandates.evidence(mandate) == PAPER
    assert place.wiring.mandates.usable(town.an) == []
    assert place.wiring.mandates.accept(mandate.id, town.an).state == "accepted"
    (event,) = place.world.events("mandate:propose")
    assert (event["actor"], event["outcome"]) == (first.principal, "done")
    assert second.principal in event["detail"]


def test_the_document_is_sealed_while_it_waits_and_who_may_decide_reads_it(
    place: ApiWorld, town: Town, first: Caller, second: Caller
) -> None:
    waiting = asked(first, town).json["approval"]
    for table in (approvals, audit_events):
        assert PAPER not in str(stored(place.world.database, table))
    assert second("GET", f"/approvals/{waiting['id']}").json["arguments"]["evidence"] == PAPER
    page = Administrating(place, second.principal.partition(":")[2]).open(f"/admin/approvals/{waiting['id']}")
    assert PAPER in page.text
    assert {f"/admin/accounts/{one}" for one in (town.an, town.business)} <= {
        str(one["href"]) for one in page.soup.select("dd a")
    }
    assert "None" not in page.text


@pytest.mark.parametrize("party", ["actor", "principal"])
def test_who_is_a_party_neither_asks_nor_lets_it_happen(place: ApiWorld, town: Town, first: Caller, party: str) -> None:
    person = first.principal.partition(":")[2]
    child = {"kind": "parent", "evidence_kind": "birth_certificate"}
    own = {"actor": person} if party == "actor" else {**child, "principal": person}
    assert asked(first, town, **own).status == 403
    helper = place.administrator("phụ", Role.PROVINCIAL_ADMINISTRATOR)
    waiting = asked(helper, town, actor=person)
    assert waiting.status == 202
    assert first("POST", f"/approvals/{waiting.json['approval']['id']}/approve").status in {403, 404}
    assert place.wiring.mandates.of_principal(town.business) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "parent"}, "kind", "principal_of_wrong_sort"),
        ({"evidence_kind": "birth_certificate"}, "evidence_kind", "evidence_not_of_kind"),
        ({"kind": "clerk", "evidence_kind": "appointment_decision", "unit": SHORT}, "kind", "principal_no_agency"),
        ({"procedures": ["không phải mã"]}, "procedures", "procedures_malformed"),
        ({"valid_to": 1}, "valid_to", "dates_wrong"),
        ({"actor": "049499999999"}, "actor", "actor_unknown"),
    ],
)
def test_what_the_rules_refuse_is_said_at_its_field_and_recorded(
    place: ApiWorld, town: Town, first: Caller, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = asked(first, town, **changes)
    assert answer.status == 422
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [(field, code)]
    refusals = [row["reason"] for row in place.world.events("mandate:propose")] + [why for _, why in place.refusals()]
    assert refusals == [code]
    assert stored(place.world.database, approvals) == []


@pytest.mark.parametrize("state", ["active", "locked", "none"])
def test_of_people_elsewhere_one_answer_is_given_whatever_is_wrong(place: ApiWorld, town: Town, state: str) -> None:
    """Whose unit it is not learns neither that somebody is there nor whether he is locked; of his own people he is told what is wrong."""
    here, there = town.add_business_at(SHORT), place.world.add_person(7, unit=LONG)
    helper = place.administrator("xã", Role.SUPPORT, SHORT)
    if state == "locked":
        place.wiring.accounts.change_state(there, "locked", reason="asked")
    actor = "049499999999" if state == "none" else there
    wrong = asked(helper, town, principal=here, actor=actor, evidence_kind="birth_certificate").json["errors"]
    assert wrong == [{"field": "evidence_kind", "code": "evidence_not_of_kind", "detail": wrong[0]["detail"]}]
    answer = asked(helper, town, principal=here, actor=actor)
    if state == "active":
        assert answer.status == 202
        return
    assert [one["code"] for one in answer.json["errors"]] == ["actor_unknown"]
    recorded = [row["reason"] for row in place.world.events("mandate:propose")] + [why for _, why in place.refusals()]
    assert recorded[-1] == {"locked": "party_not_active", "none": "actor_unknown"}[state]
    own = place.world.add_person(8, unit=SHORT)
    place.wiring.accounts.change_state(own, "locked", reason="asked")
    told = asked(helper, town, principal=here, actor=own).json["errors"]
    assert [one["code"] for one in told] == ["party_not_active"]


def test_people_elsewhere_are_named_twenty_times_an_hour(place: ApiWorld, town: Town) -> None:
    here, own = town.add_business_at(SHORT), place.world.add_person(8, unit=SHORT)
    helper = place.administrator("xã", Role.SUPPORT, SHORT)
    for number in range(20):
        assert asked(helper, town, principal=here, actor=f"0494990002{number:02d}").status == 422
    throttled = asked(helper, town, principal=here, actor=place.world.add_person(7, unit=LONG))
    assert (throttled.status, throttled.json["code"]) == (429, "throttled")
    assert place.refusals()[-1] == (helper.principal, "throttled")
    assert asked(helper, town, principal=here, actor=own).status == 202
    browser = Administrating(place, helper.principal.partition(":")[2])
    page = browser.open(f"/admin/accounts/{here}")
    given = {"kind": "representative", "evidence_kind": "business_registration", "reason": WHY, "evidence": PAPER}
    assert browser.submit(page, "give-form", **given, actor="049499000299").status == 429
    place.world.clock.advance(3600)
    again = Caller(place.app, place.token("xã"), helper.principal)
    assert asked(again, town, principal=here, actor=place.world.add_person(9, unit=LONG)).status == 202


@pytest.mark.parametrize("procedure", [1, None, {"a": 1}, ["1.1"], "1.1\x00", "x" * 61])
def test_a_procedure_that_is_no_code_is_named_by_its_place(town: Town, first: Caller, procedure: Any) -> None:
    answer = asked(first, town, procedures=["1.1", procedure])
    assert (answer.status, [one["field"] for one in answer.json["errors"]]) == (422, ["procedures[1]"])


@pytest.mark.parametrize("unit", ["*", "00000"])
def test_a_unit_that_is_none_today_is_refused(town: Town, first: Caller, unit: str) -> None:
    answer = asked(first, town, unit=unit)
    assert (answer.status, [one["field"] for one in answer.json["errors"]]) == (422, ["unit"])


def test_the_rules_are_asked_again_when_it_is_carried_out(
    place: ApiWorld, town: Town, first: Caller, second: Caller
) -> None:
    waiting = asked(first, town).json["approval"]
    place.wiring.accounts.change_state(town.an, "locked", reason="asked")
    assert second("POST", f"/approvals/{waiting['id']}/approve").status == 409
    assert second("GET", f"/approvals/{waiting['id']}").json["outcome"] == "party_not_active"
    assert place.wiring.mandates.of_principal(town.business) == []


def test_the_same_is_not_asked_for_twice(town: Town, first: Caller) -> None:
    assert asked(first, town).status == 202
    again = asked(first, town)
    assert (again.status, again.json["code"]) == (409, "pending")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CLIENT_MANAGER, Role.CONSENT_OFFICER, Role.KEY_CUSTODIAN])
def test_no_other_role_gives_mandates(place: ApiWorld, town: Town, role: Role) -> None:
    assert asked(place.administrator("khác", role), town).status in {403, 404}
    assert len(place.refusals()) == 1


def test_who_reaches_the_actor_alone_gives_nothing(place: ApiWorld, town: Town) -> None:
    there = place.administrator("xã kia", Role.SUPPORT, LONG)
    assert asked(there, town, actor=place.world.add_person(7, unit=LONG)).status == 404
    assert len(place.refusals()) == 1


def test_a_duty_at_a_unit_is_given_by_who_reaches_that_unit(place: ApiWorld, town: Town, first: Caller) -> None:
    duty = {**DUTY, "principal": agency(place)}
    here, colleague = (place.administrator(name, Role.SUPPORT, SHORT) for name in ("xã", "xã hai"))
    assert asked(here, town, **duty, unit=LONG).status == 403
    assert place.refusals() == [(here.principal, "not_held")]
    elsewhere = asked(first, town, **duty, unit=LONG).json["approval"]["id"]
    assert colleague("POST", f"/approvals/{elsewhere}/approve").status == 404
    own = asked(here, town, **duty, unit=SHORT).json["approval"]["id"]
    assert colleague("POST", f"/approvals/{own}/approve").status == 200


def test_a_duty_at_a_unit_that_has_ended_meanwhile_is_given_by_nobody(
    place: ApiWorld, town: Town, first: Caller, second: Caller
) -> None:
    duty = {**DUTY, "principal": agency(place)}
    waiting = asked(first, town, **duty, unit=BELOW).json["approval"]["id"]
    place.register(Register([unit(PROVINCE, None), unit(SHORT, PROVINCE), unit(BELOW, SHORT, ends="2027-01-01")]))
    assert second("GET", "/approvals").json["items"] == []
    assert second("POST", f"/approvals/{waiting}/approve").status == 404
    assert first("GET", f"/approvals/{waiting}").json["state"] == "pending"


def test_the_page_asks_for_it_and_names_a_wrong_field(place: ApiWorld, town: Town, first: Caller) -> None:
    browser = Administrating(place, first.principal.partition(":")[2])
    page = browser.open(f"/admin/accounts/{town.business}?lang=vi")
    given = {"kind": "representative", "actor": town.an, "evidence_kind": "business_registration", "reason": WHY}
    assert browser.submit(page, "give-form", **given, evidence=" ").status == 400
    assert browser.submit(page, "give-form", **given, evidence=PAPER, valid_to="hôm qua").status == 400
    wrong = browser.submit(page, "give-form", **{**given, "kind": "clerk"}, evidence=PAPER)
    assert (wrong.status, "Chỉ cơ quan nhà nước" in wrong.text) == (400, True)
    assert page.soup.select_one("#give-form [value=clerk]") is None
    page = browser.open(f"/admin/accounts/{agency(place)}?lang=vi")
    assert page.soup.select_one("#give-form [value=clerk]") is not None
    nowhere = browser.submit(page, "give-form", **{**given, **DUTY}, evidence=PAPER)
    assert (nowhere.status, "Cần mã đơn vị" in nowhere.text) == (400, True)
    page = browser.open(f"/admin/accounts/{town.business}?lang=vi")
    done = browser.submit(page, "give-form", **given, evidence=PAPER, procedures="1.1, 1.2;1.2", valid_to="2030-01-01")
    assert "/admin/approvals/" in done.url
    (waiting,) = place.wiring.approvals.search(pending=True)
    assert isinstance(waiting, Approval)
    assert waiting.arguments["procedures"] == ["1.1", "1.2"]
    assert browser.open(f"/admin/accounts/{town.an}").soup.select_one("#give-form [value=representative]") is None


def test_each_look_at_the_document_of_a_mandate_that_waits_is_recorded_and_lists_leave_it_out(
    place: ApiWorld, town: Town, first: Caller, second: Caller
) -> None:
    answer = asked(first, town).json["approval"]
    assert "evidence" not in answer["arguments"]

    def looks() -> list[str]:
        return [one["actor"] for one in place.world.events("account:show") if one["reason"] == "evidence"]

    (listed,) = second("GET", "/approvals").json["items"]
    assert "evidence" not in listed["arguments"]
    assert looks() == []
    assert second("GET", f"/approvals/{answer['id']}").json["arguments"]["evidence"] == PAPER
    assert looks() == [second.principal]
    Administrating(place, second.principal.partition(":")[2]).open(f"/admin/approvals/{answer['id']}")
    assert looks() == [second.principal] * 2
    (last, _) = (one for one in place.world.events("account:show") if one["reason"] == "evidence")
    assert last["account_id"] == town.business
    assert "evidence" not in second("POST", f"/approvals/{answer['id']}/approve").json["arguments"]
    assert len(looks()) == 2
