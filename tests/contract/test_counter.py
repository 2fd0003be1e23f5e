"""Dual control at the counter, over each database: roles and reach, two persons, and what the second one sees."""

from __future__ import annotations

import pytest

from idp.errors import Conflict, DomainError, NotFound, Refused
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.paging import Window
from idp.flows.administration.recoveries import Asked
from policies import assurance
from policies.delegation import Role
from tests.protocol.conftest import each_world
from tests.support.administered_world import AdministeredWorld
from tests.support.recovering import EVIDENCE, Forgetful, forgetful
from tests.support.token_world import TokenWorld

__all__ = ["each_world"]


@pytest.fixture
def office(each_world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(each_world)


@pytest.fixture
def person(each_world: TokenWorld) -> Forgetful:
    return forgetful(each_world)


def begin(office: AdministeredWorld, who: Administrator, person: Forgetful) -> Asked:
    return office.acts.recoveries.begin(who, person.account_id, EVIDENCE, "quên mật khẩu")


def test_one_clerk_begins_and_another_lets_it_go_on(office: AdministeredWorld, person: Forgetful) -> None:
    clerk, colleague = office.admin("an", Role.SUPPORT), office.admin("binh", Role.SUPPORT)
    asked = begin(office, clerk, person)
    with pytest.raises(Refused) as caught:
        person.activate(asked.begun.activation_code)
    assert caught.value.code == "not_approved"
    (view,) = office.acts.approvals.search(colleague, Window()).rows
    assert (view.may_decide, view.is_own) == (True, False)
    assert office.acts.recoveries.evidence(view.approval) == EVIDENCE
    assert office.acts.approvals.approve(colleague, asked.approval.id).state == "done"
    person.activate(asked.begun.activation_code)


def test_nobody_is_both_persons(office: AdministeredWorld, person: Forgetful) -> None:
    clerk = office.admin("an", Role.SUPPORT)
    asked = begin(office, clerk, person)
    with pytest.raises(Refused):
        office.acts.approvals.approve(clerk, asked.approval.id)
    with pytest.raises(Refused):
        person.activate(asked.begun.activation_code)


def test_second_person_who_says_no_leaves_the_code_worthless(office: AdministeredWorld, person: Forgetful) -> None:
    clerk, colleague = office.admin("an", Role.SUPPORT), office.admin("binh", Role.SUPPORT)
    asked = begin(office, clerk, person)
    office.acts.approvals.reject(colleague, asked.approval.id, "không đúng người")
    with pytest.raises(Refused):
        person.activate(asked.begun.activation_code)
    with pytest.raises(DomainError):
        office.acts.approvals.approve(colleague, asked.approval.id)


def test_recovery_that_was_cancelled_meanwhile_cannot_be_approved(office: AdministeredWorld, person: Forgetful) -> None:
    clerk, colleague = office.admin("an", Role.SUPPORT), office.admin("binh", Role.SUPPORT)
    asked = begin(office, clerk, person)
    office.wiring.recoveries.cancel(person.account_id, actor="anonymous", reason="cancelled_by_code")
    with pytest.raises(Conflict):
        office.acts.approvals.approve(colleague, asked.approval.id)


def test_whoever_has_no_such_right_or_too_low_a_sign_in_finds_nobody(
    office: AdministeredWorld, person: Forgetful
) -> None:
    with pytest.raises(NotFound):
        begin(office, office.admin("chi", Role.AUDITOR), person)
    office.grant("an", Role.SUPPORT)
    with pytest.raises(Refused):
        begin(office, office.who("an", acr=assurance.LOA_1), person)
    with pytest.raises(Refused):
        office.acts.recoveries.enter(office.admin("dung", Role.KEY_CUSTODIAN))
    assert office.wiring.recoveries.live(person.account_id) is None


def test_names_are_initials_and_codes_masked_for_the_second_person(
    office: AdministeredWorld, person: Forgetful
) -> None:
    asked = begin(office, office.admin("an", Role.SUPPORT), person)
    named, clerk = office.acts.recoveries.parties(asked.approval)
    assert person.code not in named + clerk
    assert named.endswith(f"{person.code[-4:]})")
    assert "Công dân" not in named
