"""Corrections of a purpose's wording through the Admin API: versioned, by two persons, never by a machine alone."""

from __future__ import annotations

from typing import Any

import pytest

from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.token_world import TokenWorld
from tests.support.units import SHORT

PURPOSE: dict[str, Any] = {
    "id": "tell",
    "text": {"vi": "Báo kết qủa", "en": "To send the result"},
    "legal_basis": "consent",
    "claims": ["name"],
}
RIGHT = {
    "purpose": "tell",
    "text": {"vi": "Báo kết quả", "en": "To send the result"},
    "reason": "Lỗi chính tả",
}


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def manager(place: ApiWorld) -> Caller:
    return place.administrator("quản lý", Role.CLIENT_MANAGER, SHORT)


@pytest.fixture
def client_id(place: ApiWorld) -> str:
    return place.client(SHORT, scope="openid profile", purposes=[PURPOSE]).client.client_id


def test_a_correction_waits_for_somebody_else_and_needs_the_version_that_was_seen(
    place: ApiWorld, manager: Caller, client_id: str
) -> None:
    path = f"/clients/{client_id}/corrections"
    tag = manager("GET", f"/clients/{client_id}").headers["etag"]
    assert manager("POST", path, RIGHT).status == 428
    assert manager("POST", path, RIGHT, If_Match='"1000000"').status == 412
    answer = manager("POST", path, RIGHT, If_Match=tag)
    assert answer.status == 202
    waiting = answer.json["approval"]
    assert (waiting["arguments"]["before"], waiting["arguments"]["text"]) == (PURPOSE["text"], RIGHT["text"])
    assert manager("POST", path, RIGHT, If_Match=tag).status == 409, "the same waits already"
    assert manager("POST", f"/approvals/{waiting['id']}/approve").status == 403
    second = place.administrator("thứ hai", Role.UNIT_ADMINISTRATOR, SHORT)
    assert second("POST", f"/approvals/{waiting['id']}/approve").json["state"] == "done"
    changes = manager("GET", f"/clients/{client_id}/changes").json["items"]
    assert changes[0]["action"] == "correct"
    assert [one["field"] for one in changes[0]["fields"]] == ["purposes"]
    assert "corrected" not in manager("GET", f"/clients/{client_id}").json["metadata"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**RIGHT, "text": {"vi": "Quảng cáo sản phẩm", "en": "Advertisements"}}, 422),
        ({**RIGHT, "purpose": "other"}, 404),
        ({**RIGHT, "legal_basis": "public_duty"}, 422),
        ({**RIGHT, "reason": ""}, 422),
        ({"text": RIGHT["text"]}, 422),
    ],
)
def test_what_is_no_correction_is_refused(
    place: ApiWorld, manager: Caller, client_id: str, body: dict[str, Any], status: int
) -> None:
    tag = manager("GET", f"/clients/{client_id}").headers["etag"]
    answer = manager("POST", f"/clients/{client_id}/corrections", body, If_Match=tag)
    assert answer.status == status, answer.body
    assert place.wiring.approvals.search(pending=True) == []


def test_who_holds_no_right_over_the_unit_corrects_nothing(place: ApiWorld, client_id: str) -> None:
    reader = place.administrator("đọc", Role.AUDITOR)
    tag = reader("GET", f"/clients/{client_id}").headers["etag"]
    assert reader("POST", f"/clients/{client_id}/corrections", RIGHT, If_Match=tag).status == 403
