"""Settings over the API: for who may read them, the whole deployment's or one client's."""

from __future__ import annotations

import pytest

from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


def test_auditor_reads_every_setting_with_its_origin(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    names, cursor = [], ""
    while True:
        answer = auditor("GET", f"/settings?limit=50{cursor}").json
        names += [one["name"] for one in answer["items"]]
        if "next" not in answer:
            break
        cursor = f"&cursor={answer['next']}"
    assert names == sorted(set(names))
    assert "IDP_LIFETIMES__CODE" in names
    (issuer,) = auditor("GET", "/settings?q=idp_issuer").json["items"]
    assert (issuer["value"], issuer["origin"]) == (place.wiring.settings.issuer, "command_line")
    assert auditor("GET", "/settings?origin=nowhere").status == 422


def test_administrator_of_a_unit_reads_no_settings_of_the_deployment(place: ApiWorld) -> None:
    # Over a province even the provincial administrator holds no right to what belongs to no unit.
    for name, role, unit in (("a", Role.PROVINCIAL_ADMINISTRATOR, SHORT), ("b", Role.CLIENT_MANAGER, SHORT)):
        caller = place.administrator(name, role, unit)
        assert caller("GET", "/settings").status == 403
        assert place.refusals()[-1][0] == caller.principal


def test_client_tells_which_values_are_its_own(place: ApiWorld) -> None:
    boss = place.administrator("xã", Role.CLIENT_MANAGER, SHORT)
    client_id = place.client(SHORT, minimum_acr="urn:dinhdanh:loa:2").client.client_id
    found = {one["name"]: one for one in boss("GET", f"/clients/{client_id}/settings").json["items"]}
    assert found["minimum_acr"] == {
        "name": "minimum_acr",
        "value": "urn:dinhdanh:loa:2",
        "default": None,
        "origin": "client",
        "meaning": "",
    }
    assert found["require_pkce"]["origin"] == "default"


def test_settings_of_a_neighbours_client_are_not_there(place: ApiWorld) -> None:
    stranger = place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, SHORT)
    theirs = place.client(LONG).client.client_id
    assert stranger("GET", f"/clients/{theirs}/settings").status == 404
    assert stranger("GET", "/clients/nobody/settings").status == 404


def test_level_three_is_compared_for_who_may_read_the_settings(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    found = {one["control"]: one for one in auditor("GET", "/settings/level-3").json["items"]}
    assert found["idle_admin"] == {"control": "idle_admin", "stand": "met", "figure": 5}
    assert found["staff_tries"]["stand"] == "met"
    assert found["reports"]["stand"] == "weaker"
    assert place.administrator("xã", Role.CLIENT_MANAGER, SHORT)("GET", "/settings/level-3").status == 403
