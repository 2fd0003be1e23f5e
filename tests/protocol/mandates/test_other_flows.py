"""The capacity in the other ways to tokens: another device, tokens through the browser, exchange, a child."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.documents import to_metadata
from idp.services.mandate_drafts import Draft
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.mandated_world import Town
from tests.support.token_world import TokenWorld
from tests.support.visit import asked

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
REGISTER = "https://register.example.vn"


def test_parent_acts_for_a_child_whose_name_needs_the_scope(town: Town) -> None:
    child = town.world.add_person(3, birthdate="2199-06-01", name="Bé mẫu 03")
    draft = Draft("parent", child, town.an, "birth_certificate")
    made = town.mandates.accept(town.mandates.propose(draft).id, town.an)
    tokens = town.tokens(town.visitor(), made.id, scope="openid profile")
    told = town.world.userinfo(tokens["access_token"]).json["on_behalf_of"]
    assert (told["type"], told["kind"], told["name"]) == ("person", "parent", "Bé mẫu 03")
    assert not {"identity_code", "birthdate", "gender"} & told.keys()


def test_claims_parameter_names_the_principal_in_the_id_token(town: Town) -> None:
    mandate = town.represent()
    tokens = town.tokens(town.visitor(), mandate.id, scope="openid profile", claims='{"id_token":{"name":null}}')
    claims = town.world.verified(tokens["id_token"])
    assert (claims["name"], claims["on_behalf_of"]["name"]) == ("Công dân mẫu 01", "Công ty mẫu 01")
    assert "name" not in town.access(tokens)["on_behalf_of"]


def test_tokens_through_the_browser_say_it_too(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    town = Town(TokenWorld(tmp_path, sqlite_database, clock, requests={"legacy_responses": True}))
    kinds = ["id_token token"]
    legacy = town.world.add_client(
        capacities=["person", "organisation"], response_types=kinds, grant_types=["implicit"], require_pkce=False
    )
    mandate = town.represent(valid_to=clock.now() + 50)
    changes = {"response_type": "id_token token", "code_challenge": None, "code_challenge_method": None}
    arrived = town.choose(town.visitor(), mandate.id, legacy, **changes).arrived()
    assert arrived["expires_in"] == "50"
    access = town.world.verified(arrived["access_token"], "at+jwt")
    assert access["on_behalf_of"] == town.world.verified(arrived["id_token"])["on_behalf_of"]


@pytest.mark.parametrize("capacities", [["person", "organisation"], ["person"]])
def test_exchange_goes_where_the_capacity_is_taken(town: Town, capacities: list[str]) -> None:
    world = town.world
    register = world.add_client(resource_identifiers=[REGISTER], capacities=capacities)
    mandate = town.represent()
    kinds = ["authorization_code", EXCHANGE]
    holder = world.add_client(capacities=["organisation"], grant_types=kinds, allowed_resources=[REGISTER])
    rules = {REGISTER: {"subjects": [holder.client.client_id], "scope": "openid email"}}
    world.wiring.clients.update(holder.client.client_id, {**to_metadata(holder.client), "token_exchange": rules})
    tokens = town.tokens(town.visitor(), mandate.id, holder)
    form = {
        "grant_type": EXCHANGE,
        "subject_token": tokens["access_token"],
        "subject_token_type": ACCESS,
        "audience": REGISTER,
    }
    answer = world.post("/token", form, holder.basic)
    if capacities == ["person"]:
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert world.events("token:request")[-1]["reason"] == "capacity_not_accepted"
        return
    assert answer.status == 200, answer.body
    claims = world.verified(answer.json["access_token"], "at+jwt")
    before = town.access(tokens)["on_behalf_of"]
    assert claims["on_behalf_of"]["sub"] == world.wiring.subjects.subject(town.business, register.client)
    assert claims["on_behalf_of"]["kind"] == before["kind"]
    town.mandates.revoke(mandate.id)
    assert not world.introspect(register, answer.json["access_token"]).json["active"]
    assert world.post("/token", form, holder.basic).status == 400


def test_choice_is_made_for_another_device_too(town: Town) -> None:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    counter = town.world.add_client(capacities=["person", "organisation"], grant_types=[grant])
    started = town.world.post("/device_authorization", {"scope": "openid"}, counter.basic).json
    mandate = town.represent()
    browser = town.visitor()
    page = browser.open("/device")
    page = browser.press(page, "device-submit", user_code=started["user_code"])
    assert page.form == "capacity-form"
    page = browser.press(page, "capacity-submit", capacity=mandate.id)
    browser.press(page, "consent-allow")
    form = {"grant_type": grant, "device_code": started["device_code"]}
    answer = town.world.post("/token", form, counter.basic)
    assert answer.status == 200, answer.body
    assert town.access(answer.json)["on_behalf_of"]["type"] == "organisation"


def test_signed_userinfo_says_it_too(town: Town) -> None:
    signed = town.world.add_client(capacities=["organisation"], userinfo_signed_response_alg="ES256")
    tokens = town.tokens(town.visitor(), town.represent().id, signed, scope="openid profile")
    answer = town.world.userinfo(tokens["access_token"])
    claims = town.world.verified(answer.body.decode(), required="sub")
    assert claims["on_behalf_of"]["name"] == "Công ty mẫu 01"


def test_pushed_and_pending_requests_keep_the_parameter(town: Town) -> None:
    mandate = town.represent()
    own = town.world.post("/par", asked(town.system, capacity="organisation"), town.system.basic)
    assert own.status == 201, own.body
    page = town.visitor().authorize({"client_id": town.system.client.client_id, "request_uri": own.json["request_uri"]})
    assert page.form == "capacity-form"
    assert [one["value"] for one in page.soup.find_all("input", attrs={"name": "capacity"})] == [mandate.id]
