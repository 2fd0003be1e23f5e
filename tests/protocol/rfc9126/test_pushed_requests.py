"""Pushed authorization requests: what may be pushed, by whom, and how long and how often the reference works."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.flows.pushed import PREFIX
from idp.storage.tables import transactions
from tests.support.stores import stored
from tests.support.token_world import REDIRECT, Answer, Registered, TokenWorld
from tests.support.visit import Visitor, asked


def push(world: TokenWorld, of: Registered, **changes: str | None) -> Answer:
    """Push a request."""
    return world.post("/par", asked(of, **changes), of.basic if of.client.is_confidential else "")


def reference(world: TokenWorld, of: Registered, **changes: str | None) -> dict[str, str]:
    """Return the two parameters with which the browser comes."""
    answer = push(world, of, **changes)
    assert answer.status == 201, answer.body
    return {"client_id": of.client.client_id, "request_uri": answer.json["request_uri"]}


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person())


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.spec("RFC 9126", "2.2")
def test_a_pushed_request_is_answered_with_a_reference_and_its_lifetime(world: TokenWorld, portal: Registered) -> None:
    answer = push(world, portal)
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {"request_uri": answer.json["request_uri"], "expires_in": 60}
    assert answer.json["request_uri"].startswith(PREFIX)
    assert len(answer.json["request_uri"]) >= len(PREFIX) + 43


@pytest.mark.spec("RFC 9126", "4")
def test_the_browser_brings_the_reference_and_the_client_gets_its_code(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    arrived = citizen.allowed(reference(world, portal, scope="openid profile")).arrived()
    assert arrived["state"] == "st-1"
    answer = world.redeem(portal, arrived["code"])
    assert (answer.status, answer.json["scope"]) == (200, "openid profile")


@pytest.mark.spec("RFC 9126", "2.1")
def test_a_public_client_pushes_with_its_name_alone(world: TokenWorld) -> None:
    app = world.add_public()
    assert push(world, app).status == 201


@pytest.mark.spec("RFC 9126", "2.1")
def test_a_client_that_does_not_prove_itself_pushes_nothing(world: TokenWorld, portal: Registered) -> None:
    answer = world.post("/par", asked(portal))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert "www-authenticate" in answer.headers
    assert stored(world.database, transactions) == []
    assert world.events("authorization:push")[0]["outcome"] == "refused"


@pytest.mark.spec("RFC 9126", "2.1")
def test_a_reference_is_never_pushed(world: TokenWorld, portal: Registered) -> None:
    answer = push(world, portal, request_uri=f"{PREFIX}x")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("authorization:push")[0]["reason"] == "request_uri_pushed"


@pytest.mark.spec("RFC 9126", "2.3")
@pytest.mark.spec("RFC 9126", "2.1")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "carrier-pigeon"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"id_token_hint": "x"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
    ],
)
def test_everything_is_checked_when_it_is_pushed(
    world: TokenWorld, portal: Registered, changes: dict[str, str | None], error: str
) -> None:
    answer = push(world, portal, **changes)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert stored(world.database, transactions) == []


@pytest.mark.spec("RFC 9126", "2.1")
def test_a_client_pushes_for_itself_only(world: TokenWorld, portal: Registered) -> None:
    answer = push(world, portal, client_id=world.add_client().client.client_id)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.spec("RFC 9126", "2.3")
def test_anything_but_post_is_405(world: TokenWorld) -> None:
    answer = world.get("/par")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.spec("RFC 9126", "2.3")
def test_a_body_beyond_the_bound_is_413(world: TokenWorld, portal: Registered) -> None:
    assert world.post("/par", {"state": "x" * 70_000}, portal.basic).status == 413


def test_a_parameter_that_is_there_twice_is_refused(world: TokenWorld, portal: Registered) -> None:
    body = f"{urlencode(asked(portal))}&state=other"
    answer = world.post("/par", body, portal.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("RFC 9126", "2.2")
def test_a_reference_of_another_client_opens_nothing(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    thief = world.add_client()
    stolen = {**reference(world, portal), "client_id": thief.client.client_id}
    page = citizen.authorize(stolen)
    assert (page.status, page.error, page.callback) == (400, "invalid_request_uri", None)
    event = world.events("authorization:request")[0]
    assert (event["outcome"], event["reason"]) == ("refused", "invalid_request_uri")


@pytest.mark.spec("RFC 9126", "4")
def test_a_reference_works_once(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    parameters = reference(world, portal)
    assert "code" in citizen.allowed(parameters).arrived()
    assert citizen.authorize(parameters).error == "invalid_request_uri"
    assert Visitor(world).authorize(parameters).error == "invalid_request_uri"


@pytest.mark.spec("RFC 9126", "7.3")
def test_a_page_may_be_loaded_again_until_the_request_is_answered(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    parameters = reference(world, portal)
    assert citizen.authorize(parameters).form == "consent-form"
    assert citizen.authorize(parameters).form == "consent-form"
    assert "code" in citizen.allowed(parameters).arrived()


def test_of_two_pages_of_one_reference_one_is_answered(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    parameters = reference(world, portal)
    first, second = citizen.authorize(parameters), citizen.authorize(parameters)
    assert "code" in citizen.press(first, "consent-allow").arrived()
    late = citizen.press(second, "consent-allow")
    assert (late.status, late.callback) == (400, None)


def test_an_error_that_reached_the_client_uses_the_reference_up(world: TokenWorld, portal: Registered) -> None:
    parameters = reference(world, portal, prompt="none")
    assert Visitor(world).authorize(parameters).arrived()["error"] == "login_required"
    assert Visitor(world).authorize(parameters).error == "invalid_request_uri"


def test_a_person_who_declines_uses_the_reference_up(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    parameters = reference(world, portal)
    declined = citizen.press(citizen.authorize(parameters), "consent-deny").arrived()
    assert (declined["error"], declined["iss"]) == ("access_denied", "https://id.example.vn")
    assert citizen.authorize(parameters).error == "invalid_request_uri"


@pytest.mark.spec("RFC 9126", "4")
def test_a_reference_that_has_expired_opens_nothing(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    parameters = reference(world, portal)
    world.clock.advance(60)
    assert citizen.authorize(parameters).error == "invalid_request_uri"


def test_whoever_came_in_time_may_take_his_time(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    page = citizen.authorize(reference(world, portal))
    world.clock.advance(900)
    assert "code" in citizen.press(page, "consent-allow").arrived()


@pytest.mark.spec("RFC 9126", "4")
def test_parameters_beside_the_reference_count_for_nothing(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    beside = {"scope": "openid identity", "state": "forged", "redirect_uri": "https://evil.example/", "nonce": "x"}
    arrived = citizen.allowed({**beside, **reference(world, portal)}).arrived()
    assert arrived["state"] == "st-1"
    assert world.redeem(portal, arrived["code"]).json["scope"] == "openid email"


@pytest.mark.spec("RFC 9126", "2.2")
@pytest.mark.parametrize("uri", [f"{PREFIX}{'x' * 43}", f"{PREFIX}", f"{PREFIX}{'x' * 5000}"])
def test_a_guessed_reference_opens_nothing(world: TokenWorld, portal: Registered, citizen: Visitor, uri: str) -> None:
    page = citizen.authorize({"client_id": portal.client.client_id, "request_uri": uri})
    assert (page.status, page.error) == (400, "invalid_request_uri")


def test_a_client_suspended_in_between_gets_nothing(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    parameters = reference(world, portal)
    world.wiring.clients.set_state(portal.client.client_id, "suspended")
    assert citizen.authorize(parameters).callback is None


@pytest.mark.spec("RFC 9126", "6")
def test_a_client_that_must_push_is_refused_when_it_does_not(world: TokenWorld, citizen: Visitor) -> None:
    strict = world.add_client(require_pushed_authorization_requests=True)
    arrived = citizen.authorize(asked(strict)).arrived()
    assert arrived["error"] == "invalid_request"
    assert world.events("authorization:request")[0]["reason"] == "not_pushed"
    assert "code" in citizen.allowed(reference(world, strict)).arrived()


@pytest.mark.spec("RFC 9126", "5")
def test_discovery_names_the_endpoint(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["pushed_authorization_request_endpoint"] == "https://id.example.vn/par"
    assert document["require_pushed_authorization_requests"] is False


@pytest.mark.spec("RFC 9126", "5")
def test_an_operator_may_require_it_of_all(each_world: TokenWorld) -> None:
    strict = TokenWorld(each_world.home, each_world.database, each_world.clock, requests={"require_pushed": True})
    client = strict.add_client()
    assert strict.get("/.well-known/openid-configuration").json["require_pushed_authorization_requests"] is True
    assert Visitor(strict).authorize(asked(client)).arrived()["error"] == "invalid_request"


def test_the_store_holds_neither_the_reference_nor_the_request_in_clear(world: TokenWorld, portal: Registered) -> None:
    parameters = reference(world, portal, login_hint="049499000001")
    row = stored(world.database, transactions)[0]
    secret = parameters["request_uri"].removeprefix(PREFIX)
    kept = repr(row).encode() + bytes(row["document"])
    assert secret.encode() not in kept
    assert b"049499000001" not in kept
    assert REDIRECT.encode() not in kept
