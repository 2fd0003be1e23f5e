"""A law as the ground is not one person's word: what people are told and cannot decline waits for a second person, by whichever door it comes."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import Refused
from idp.flows.administration.administrator import Administrator
from idp.model.approval import Approval
from policies.delegation import Action, Role
from tests.support.administered_world import AdministeredWorld
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT

DUTY = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"},
    "legal_basis": "public_duty",
    "claims": ["name"],
    "optional_claims": [],
}
ASKED = {**DUTY, "id": "tell", "legal_basis": "consent", "claims": ["birthdate"]}
NOTICE = {"consent": "notice", "legal_basis": "public_duty"}


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


@pytest.fixture
def first(place: AdministeredWorld) -> Administrator:
    return place.admin("một", Role.CLIENT_MANAGER, SHORT)


def made(place: AdministeredWorld, first: Administrator, **metadata: Any) -> Any:
    return place.acts.client_changes.create(first, {**place.document(SHORT), **metadata})


def changed(place: AdministeredWorld, first: Administrator, client_id: str, **metadata: Any) -> Any:
    client = place.wiring.clients.known(client_id)
    document = {**place.document(SHORT), **metadata}
    return place.acts.client_changes.update(first, client_id, document, version=client.version)


def test_new_system_asks_until_a_second_person_agrees_that_a_law_is_the_ground(
    place: AdministeredWorld, first: Administrator
) -> None:
    created = made(place, first, **NOTICE)
    assert created.client.consent_mode(0) == "ask"
    assert created.waiting.action == Action.CLIENT_NOTICE
    with pytest.raises(Refused):
        place.acts.approvals.approve(first, created.waiting.id)
    place.acts.approvals.approve(place.admin("hai", Role.CLIENT_MANAGER, SHORT), created.waiting.id)
    assert place.wiring.clients.known(created.client.client_id).consent_mode(0) == "notice"


def test_of_several_purposes_those_that_ask_begin_and_the_others_wait(
    place: AdministeredWorld, first: Administrator
) -> None:
    created = made(place, first, purposes=[DUTY, ASKED])
    assert [one["id"] for one in created.client.purposes] == ["tell"]
    place.acts.approvals.approve(place.admin("hai", Role.CLIENT_MANAGER, SHORT), created.waiting.id)
    now = place.wiring.clients.known(created.client.client_id)
    assert [one["id"] for one in now.purposes] == ["settle", "tell"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"purposes": [DUTY]},
        {"purposes": [{**DUTY, "legal_basis": "legal_obligation"}]},
        {"purposes": [ASKED, DUTY]},
        NOTICE,
    ],
)
def test_notice_in_place_of_a_question_waits(
    place: AdministeredWorld, first: Administrator, metadata: dict[str, Any]
) -> None:
    client_id = place.client(SHORT).client.client_id
    waiting = changed(place, first, client_id, **metadata)
    assert isinstance(waiting, Approval)
    assert place.wiring.clients.known(client_id).consent_mode(0) == "ask"


@pytest.mark.parametrize(
    "more",
    [
        {"claims": ["name", "birthdate"]},
        {"text": {"vi": "Việc khác", "en": "Something else"}},
        {"legal_basis": "legal_obligation"},
        {"id": "another"},
    ],
)
def test_what_a_law_is_the_ground_of_grows_or_reads_otherwise_by_two_alone(
    place: AdministeredWorld, first: Administrator, more: dict[str, Any]
) -> None:
    client_id = place.client(SHORT, purposes=[DUTY]).client.client_id
    assert isinstance(changed(place, first, client_id, purposes=[{**DUTY, **more}]), Approval)


def test_scope_of_a_system_that_only_gives_notice_grows_by_two_alone(
    place: AdministeredWorld, first: Administrator
) -> None:
    client_id = place.client(SHORT, **NOTICE).client.client_id
    assert isinstance(changed(place, first, client_id, **{**NOTICE, "scope": "openid profile email"}), Approval)


def test_less_on_the_ground_of_a_law_and_anything_that_people_are_asked_takes_one(
    place: AdministeredWorld, first: Administrator
) -> None:
    both = {**DUTY, "claims": ["name", "birthdate"]}
    client_id = place.client(SHORT, purposes=[both]).client.client_id
    assert not isinstance(changed(place, first, client_id, purposes=[DUTY, ASKED]), Approval)
    assert not isinstance(changed(place, first, client_id, purposes=[ASKED]), Approval)
    assert [one["id"] for one in place.wiring.clients.known(client_id).purposes] == ["tell"]


def test_system_cannot_take_data_by_notice_in_its_own_name(place: AdministeredWorld) -> None:
    """A client that manages others is nobody's first person."""
    client_id = place.client(SHORT).client.client_id
    manager = place.client(SHORT).client.client_id
    place.grant(f"client:{manager}", Role.CLIENT_MANAGER, SHORT)
    who = place.wiring.administrators.client(manager, scopes=frozenset({"admin:clients:write", "admin:clients:read"}))
    with pytest.raises(Refused):
        changed(place, who, client_id, purposes=[DUTY])
