"""The changes of a system as a diff: on the page and in the API, whoever made them, and for nobody out of reach."""

from __future__ import annotations

from typing import Any

import pytest

from clients.documents import to_metadata
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


def replaced(place: ApiWorld, client_id: str, **changes: Any) -> dict[str, Any]:
    known = to_metadata(place.wiring.clients.known(client_id))
    return {**known, **changes}


def test_a_change_by_the_api_is_shown_before_and_after_with_who_and_why(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    client_id = place.client(SHORT).client.client_id
    body = replaced(place, client_id, minimum_acr="urn:dinhdanh:loa:2")
    path = f"/clients/{client_id}"
    assert boss("PUT", f"{path}?reason=van+ban+9", body, If_Match="*").status == 200
    last, first = boss("GET", f"{path}/changes").json["items"]
    assert (last["action"], last["actor"], last["reason"]) == ("update", boss.principal, "van ban 9")
    assert last["fields"] == [{"field": "minimum_acr", "before": None, "after": "urn:dinhdanh:loa:2"}]
    assert (first["action"], first["actor"]) == ("add", "operator:local")


def test_secrets_are_moments_in_the_history(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    client_id = place.client(SHORT).client.client_id
    secret = boss("POST", f"/clients/{client_id}/secret", {"overlap": 60, "reason": "định kỳ"}).json["client_secret"]
    answer = boss("GET", f"/clients/{client_id}/changes")
    last = answer.json["items"][0]
    assert (last["action"], last["reason"]) == ("rotate-secret", "định kỳ")
    (change,) = last["fields"]
    assert {name for row in change["after"] for name in row} == {"created_at", "expires_at"}
    stored = place.wiring.clients.known(client_id)
    assert secret not in str(answer.json)
    assert not any(one.digest.hex() in str(answer.json) for one in stored.secrets)


def test_the_history_goes_on_by_cursor(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    client_id = place.client(SHORT).client.client_id
    for state in ("suspended", "active", "suspended"):
        place.wiring.clients.set_state(client_id, state)
    first = boss("GET", f"/clients/{client_id}/changes?limit=3").json
    rest = boss("GET", f"/clients/{client_id}/changes?limit=3&cursor={first['next']}").json
    acts = [one["action"] for one in (*first["items"], *rest["items"])]
    assert acts == ["suspend", "resume", "suspend", "add"]
    assert "next" not in rest
    assert boss("GET", f"/clients/{client_id}/changes?cursor=eHg").status == 422


def test_the_page_shows_the_same_and_no_digest(place: ApiWorld) -> None:
    place.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    top = Administrating(place, place.account("root"))
    client_id = place.client(SHORT).client.client_id
    place.wiring.clients.update(
        client_id, replaced(place, client_id, client_name="Tên mới"), actor="operator:local", note="văn bản 7"
    )
    place.wiring.clients.rotate_secret(client_id)
    shown = top.open(f"/admin/clients/{client_id}/changes")
    assert shown.status == 200
    assert "Tên mới" in shown.text
    assert "văn bản 7" in shown.text
    stored = place.wiring.clients.known(client_id)
    assert not any(one.digest.hex() in shown.text for one in stored.secrets)
    linked = {str(one["href"]) for one in top.open(f"/admin/clients/{client_id}").soup.select(".actions a")}
    assert f"/admin/clients/{client_id}/changes" in linked


def test_a_neighbour_whose_code_begins_alike_finds_no_history(place: ApiWorld) -> None:
    stranger = place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)
    theirs = place.client(LONG).client.client_id
    missing = stranger("GET", "/clients/nobody/changes")
    hidden = stranger("GET", f"/clients/{theirs}/changes")
    assert (missing.status, hidden.status) == (404, 404)
    assert {**missing.json, "case_code": ""} == {**hidden.json, "case_code": ""}
    browser = Administrating(place, place.account("xã bên"))
    assert browser.open(f"/admin/clients/{theirs}/changes").status == 404
    assert place.refusals()[-1][0] == stranger.principal
