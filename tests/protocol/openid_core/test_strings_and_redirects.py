"""Strings are compared code point by code point, lists have one delimiter, and no answer makes the browser send a form on."""

from __future__ import annotations

import json
import unicodedata

import pytest

from clients.errors import RegistrationRefused
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor, asked

NAME = "Công dân mẫu 61"


@pytest.mark.spec("OIDC Core", "14")
@pytest.mark.parametrize(("form", "is_the_same"), [("NFC", True), ("NFD", False)])
def test_a_wanted_value_is_compared_as_it_is_written(
    world: TokenWorld, portal: Registered, form: str, *, is_the_same: bool
) -> None:
    wanted = {"value": unicodedata.normalize(form, NAME)}  # type: ignore[arg-type]
    citizen = Visitor(world, world.add_person(61, name=NAME))
    page = citizen.authorize(asked(portal, scope="openid", claims=json.dumps({"id_token": {"name": wanted}})))
    landing = citizen.press(page, "consent-allow", claim=["name"]) if page.form == "consent-form" else page
    claims = world.verified(world.redeem(portal, landing.arrived()["code"]).json["id_token"])
    assert claims.get("name") == (NAME if is_the_same else None)


@pytest.mark.spec("OIDC Core", "14")
@pytest.mark.parametrize("delimiter", ["\u00a0", "\u3000", "\u2003", ",", ";"])
def test_nothing_but_a_space_separates_the_members_of_a_list(
    world: TokenWorld, portal: Registered, delimiter: str
) -> None:
    citizen = Visitor(world, world.add_person(62))
    refused = {
        "invalid_scope": {"scope": f"openid{delimiter}email"},
        "invalid_request": {"prompt": f"login{delimiter}consent"},
        "unsupported_response_type": {"response_type": f"code{delimiter}id_token"},
    }
    for error, changes in refused.items():
        assert citizen.authorize(asked(portal, **changes)).arrived()["error"] == error
    level = f"urn:dinhdanh:loa:2{delimiter}urn:dinhdanh:loa:2"
    assert citizen.authorize(asked(portal, acr_values=level)).form == "consent-form", "nobody knows such a level"
    with pytest.raises(RegistrationRefused) as faults:
        world.add_client(scope=f"openid{delimiter}email")
    assert [one.field for one in faults.value.errors] == ["scope"]


@pytest.mark.spec("OIDC Core", "16.22")
def test_an_answer_to_a_form_is_a_303_that_carries_nothing_of_the_form_on(
    world: TokenWorld, portal: Registered
) -> None:
    citizen = Visitor(world, world.add_person(63))
    page = citizen.authorize(asked(portal), method="POST")
    assert page.form == "consent-form"
    assert citizen.press(page, "consent-allow").status == 303
    assert citizen.authorize(asked(portal), method="POST").status == 303, "consent is remembered"
