"""JARM: the answer in one signed parameter, success and error alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import STATE, Landing, Visitor, asked

MODES = [("jwt", "query"), ("query.jwt", "query"), ("fragment.jwt", "fragment"), ("form_post.jwt", "form_post")]


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a client whose answers are signed with ES256."""
    return world.add_client(authorization_signed_response_alg="ES256")


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(11))


def opened(world: TokenWorld, landing: Landing) -> dict[str, object]:
    """Return the parameters in a signed answer; nothing may stand beside it."""
    assert set(landing.arrived()) == {"response"}
    return world.verified(landing.arrived()["response"])


@pytest.mark.spec("JARM", "2.1")
@pytest.mark.spec("JARM", "2.3")
@pytest.mark.parametrize(("mode", "carrier"), MODES)
def test_a_code_comes_in_a_signed_answer(
    world: TokenWorld, portal: Registered, citizen: Visitor, mode: str, carrier: str
) -> None:
    landing = citizen.allowed(asked(portal, response_mode=mode))
    found = opened(world, landing)
    assert landing.mode == carrier
    assert (found["iss"], found["aud"], found["state"]) == (ISSUER, portal.client.client_id, STATE)
    assert found["exp"] == world.clock.now() + 600
    assert world.redeem(portal, str(found["code"])).status == 200


@pytest.mark.spec("JARM", "2.1")
@pytest.mark.parametrize(("mode", "carrier"), MODES)
def test_errors_are_signed_too(
    world: TokenWorld, portal: Registered, citizen: Visitor, mode: str, carrier: str
) -> None:
    for landing in (
        citizen.authorize(asked(portal, response_mode=mode, scope="profile")),
        Visitor(world).authorize(asked(portal, response_mode=mode, prompt="none")),
        citizen.press(citizen.authorize(asked(portal, response_mode=mode)), "consent-deny"),
    ):
        found = opened(world, landing)
        assert landing.mode == carrier
        assert found["error"] in {"invalid_scope", "login_required", "access_denied"}
        assert (found["iss"], found["state"]) == (ISSUER, STATE)


@pytest.mark.spec("JARM", "2.1")
def test_parameters_of_the_answer_are_all_in_it_and_numbers_are_numbers(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock
) -> None:
    legacy = TokenWorld(tmp_path, sqlite_database, clock, requests={"legacy_responses": True})
    kinds = {"grant_types": ["authorization_code", "implicit"], "response_types": ["code", "code id_token token"]}
    portal = legacy.add_client(authorization_signed_response_alg="ES256", **kinds)
    person = Visitor(legacy, legacy.add_person(12))
    landing = person.allowed(asked(portal, response_type="code id_token token", response_mode="jwt"))
    assert landing.mode == "fragment"
    found = opened(legacy, landing)
    assert {"code", "id_token", "access_token", "state"} < found.keys()
    assert (found["token_type"], found["expires_in"]) == ("Bearer", 600)


@pytest.mark.spec("JARM", "3")
def test_the_registered_algorithm_signs_and_rs256_by_default(world: TokenWorld, citizen: Visitor) -> None:
    default = world.add_client()
    landing = citizen.allowed(asked(default, response_mode="jwt"))
    assert opened(world, landing)["code"]
    assert default.client.authorization_signed_response_alg == "RS256"


def test_an_answer_is_no_id_token(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    token = citizen.allowed(asked(portal, response_mode="jwt")).arrived()["response"]
    assert citizen.authorize(asked(portal, id_token_hint=token)).arrived()["error"] == "invalid_request"
    assert world.userinfo(token).status == 401


@pytest.mark.spec("JARM", "4")
def test_discovery_names_modes_and_algorithms(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert {mode for mode, _ in MODES} < set(document["response_modes_supported"])
    assert "ES256" in document["authorization_signing_alg_values_supported"]
