"""The device authorization grant, from the device's request to its tokens."""

from __future__ import annotations

import json
import re

import pytest

from idp.storage.tables import grants
from tests.support.browser import Person
from tests.support.device_world import GRANT, Device, approve, device, typed
from tests.support.in_process import browser, citizen
from tests.support.stores import stored
from tests.support.token_world import ISSUER, Registered, TokenWorld


@pytest.fixture
def tv(world: TokenWorld) -> Device:
    """Return a public device."""
    return device(world)


@pytest.fixture
def person(world: TokenWorld) -> Person:
    """Return a citizen."""
    return citizen(world)[1]


@pytest.mark.spec("RFC 8628", "3.2")
def test_the_answer_has_both_codes_and_where_to_type_one(tv: Device) -> None:
    answer = tv.ask()
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    codes = answer.json
    assert codes["verification_uri"] == f"{ISSUER}/device"
    assert codes["verification_uri_complete"] == f"{ISSUER}/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert len(codes["device_code"]) >= 43


@pytest.mark.spec("RFC 8628", "6.1")
def test_user_codes_have_eight_letters_that_are_not_mistaken(tv: Device) -> None:
    codes = {tv.codes()["user_code"] for _ in range(20)}
    assert len(codes) == 20
    assert all(re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code) for code in codes)


@pytest.mark.spec("RFC 8628", "3.3")
@pytest.mark.spec("RFC 8628", "3.4")
@pytest.mark.spec("RFC 8628", "3.5")
def test_the_device_waits_and_then_gets_the_persons_tokens(world: TokenWorld, tv: Device, person: Person) -> None:
    codes = tv.codes()
    assert tv.error(codes["device_code"]) == "authorization_pending"
    page = approve(browser(world), codes["user_code"], person)
    assert page.text_of("device-done")
    world.clock.advance(5)
    answer = tv.poll(codes["device_code"])
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    claims = world.verified(answer.json["id_token"])
    assert claims["aud"] == tv.of.client.client_id
    assert world.userinfo(answer.json["access_token"]).json["sub"] == claims["sub"]
    assert world.refresh(tv.of, answer.json["refresh_token"]).status == 200
    assert len(world.events("token:device_code", outcome="done")) == 1
    assert world.events("authorization:answer")[0]["outcome"] == "done"


@pytest.mark.spec("RFC 8628", "3.4")
def test_a_device_code_gives_tokens_once(world: TokenWorld, tv: Device, person: Person) -> None:
    codes = tv.codes()
    approve(browser(world), codes["user_code"], person)
    first = tv.poll(codes["device_code"]).json
    assert tv.error(codes["device_code"]) == "invalid_grant"
    assert world.userinfo(first["access_token"]).status == 200


@pytest.mark.spec("RFC 8628", "3.5")
def test_polling_too_fast_is_told_to_slow_down_and_the_interval_grows(world: TokenWorld, tv: Device) -> None:
    code = tv.codes()["device_code"]
    assert tv.error(code) == "authorization_pending"
    world.clock.advance(4)
    assert tv.error(code) == "slow_down"
    world.clock.advance(9)
    assert tv.error(code) == "slow_down"
    world.clock.advance(15)
    assert tv.error(code) == "authorization_pending"


def test_pending_and_slow_down_fill_no_audit_log(world: TokenWorld, tv: Device) -> None:
    code = tv.codes()["device_code"]
    assert [tv.error(code), tv.error(code)] == ["authorization_pending", "slow_down"]
    assert world.events("token:request") == []


@pytest.mark.spec("RFC 8628", "3.5")
def test_an_expired_code_says_so_and_takes_no_answer(world: TokenWorld, tv: Device, person: Person) -> None:
    codes = tv.codes()
    world.clock.advance(600)
    assert tv.error(codes["device_code"]) == "expired_token"
    page = typed(browser(world), codes["user_code"])
    assert page.form("device-form")
    assert page.text_of("problem")


@pytest.mark.spec("RFC 8628", "3.5")
def test_an_approval_of_the_last_moment_can_still_be_collected(world: TokenWorld, tv: Device, person: Person) -> None:
    codes = tv.codes()
    world.clock.advance(599)
    approve(browser(world), codes["user_code"], person)
    world.clock.advance(5)
    assert tv.poll(codes["device_code"]).status == 200


@pytest.mark.spec("RFC 8628", "3.5")
def test_a_person_who_declines_denies_the_device(world: TokenWorld, tv: Device, person: Person) -> None:
    codes, own = tv.codes(), browser(world)
    page = own.submit(
        typed(own, codes["user_code"]),
        "login-form",
        "login-submit",
        identity_code=person.code,
        password=person.password,
    )
    page = own.submit(page, "consent-form", "consent-deny")
    assert page.text_of("device-declined")
    assert tv.error(codes["device_code"]) == "access_denied"
    assert world.events("authorization:answer")[0]["reason"] == "declined"


@pytest.mark.spec("RFC 8628", "5.4")
def test_the_consent_page_shows_the_code_and_where_the_request_came_from_every_time(
    world: TokenWorld, tv: Device, person: Person
) -> None:
    own = browser(world)
    approve(own, tv.codes()["user_code"], person)
    again = tv.codes()
    page = typed(own, again["user_code"])
    assert page.form("consent-form"), "a remembered consent must not let a code pass that somebody else sent"
    assert page.text_of("elsewhere-message") == again["user_code"]
    assert "192.0.2.1" in page.text


@pytest.mark.spec("RFC 8628", "3.3.1")
def test_a_complete_link_fills_the_field_and_waits_for_the_person(world: TokenWorld, tv: Device) -> None:
    codes = tv.codes()
    page = browser(world).open(codes["verification_uri_complete"])
    form = page.form("device-form")
    assert form is not None
    assert form.find(id="user_code")["value"] == codes["user_code"]  # type: ignore[index]
    assert tv.error(codes["device_code"]) == "authorization_pending"


@pytest.mark.spec("RFC 8628", "6.1")
@pytest.mark.parametrize("spelt", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_a_code_may_be_typed_in_any_case_and_without_the_dash(world: TokenWorld, tv: Device, spelt: object) -> None:
    assert callable(spelt)
    assert typed(browser(world), spelt(tv.codes()["user_code"])).form("login-form")


@pytest.mark.spec("RFC 8628", "3.4")
def test_the_code_of_another_client_is_unknown_and_stays_untouched(
    world: TokenWorld, tv: Device, person: Person
) -> None:
    thief, codes = device(world), tv.codes()
    approve(browser(world), codes["user_code"], person)
    assert thief.error(codes["device_code"]) == "invalid_grant"
    assert tv.poll(codes["device_code"]).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"client_id": "nobody"}, "invalid_client"),
    ],
)
@pytest.mark.spec("RFC 8628", "3.1")
def test_a_wrong_request_gets_no_codes(world: TokenWorld, tv: Device, changes: dict[str, str], error: str) -> None:
    answer = tv.ask(**changes)
    assert answer.json["error"] == error
    assert world.events("device:authorize")[0]["outcome"] == "refused"


@pytest.mark.spec("RFC 8628", "3.1")
def test_a_client_that_did_not_register_for_the_grant_is_refused(world: TokenWorld, portal: Registered) -> None:
    other = Device(world, portal)
    assert other.ask().json["error"] == "unauthorized_client"
    assert other.error("x" * 43) == "unauthorized_client"


@pytest.mark.spec("RFC 8628", "3.1")
def test_a_confidential_device_must_prove_itself(world: TokenWorld) -> None:
    box = device(world, token_endpoint_auth_method="client_secret_basic")
    assert box.codes()
    answer = world.post("/device_authorization", {"client_id": box.of.client.client_id, "scope": "openid"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.spec("RFC 8628", "5.2")
@pytest.mark.parametrize("code", ["", "x", "x" * 43, "x" * 2000])
def test_a_made_up_device_code_gives_nothing(tv: Device, code: str) -> None:
    assert tv.error(code) in {"invalid_grant", "invalid_request"}


def test_the_endpoint_takes_post_only(world: TokenWorld) -> None:
    assert world.get("/device_authorization").json["error"] == "invalid_request"


@pytest.mark.spec("RFC 8628", "4")
def test_discovery_names_the_endpoint_and_the_grant(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["device_authorization_endpoint"] == f"{ISSUER}/device_authorization"
    assert GRANT in document["grant_types_supported"]


def test_a_level_that_the_device_demands_is_asked_of_the_person(world: TokenWorld, person: Person) -> None:
    strict = device(world, minimum_acr="urn:dinhdanh:loa:2")
    codes, own = strict.codes(), browser(world)
    page = own.submit(
        typed(own, codes["user_code"]),
        "login-form",
        "login-submit",
        identity_code=person.code,
        password=person.password,
    )
    assert strict.error(codes["device_code"]) == "authorization_pending"
    world.clock.advance(5)
    page = own.submit(page, "unmet-form", "unmet-leave")
    assert page.text_of("device-declined"), "nobody enrolled a second factor: the device gets nothing"
    assert strict.error(codes["device_code"]) == "access_denied"


@pytest.mark.parametrize("name", ["acr_values", "claims"])
def test_a_device_asks_for_no_level_beyond_its_registration(world: TokenWorld, name: str) -> None:
    level = "urn:dinhdanh:loa:2"
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": level}}})
    answer = device(world, permitted_acr_values=["urn:dinhdanh:loa:1"]).ask(
        **{name: level if name == "acr_values" else claims}
    )
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


def test_a_session_that_ended_before_the_device_polled_gives_nothing(
    world: TokenWorld, tv: Device, person: Person
) -> None:
    codes, own = tv.codes(), browser(world)
    approve(own, codes["user_code"], person)
    session = world.wiring.sessions.of_account(world.wiring.account_id(person.code))[0].session
    world.wiring.sessions.end(session, "sign_out", "operator:local")
    assert tv.error(codes["device_code"]) == "invalid_grant"


def test_device_code_from_before_the_clients_mark_is_void_also_when_it_is_answered_after(
    world: TokenWorld, tv: Device, person: Person
) -> None:
    codes = tv.codes()
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(tv.of.client.client_id, world.clock.now())
    approve(browser(world), codes["user_code"], person)
    assert tv.error(codes["device_code"]) == "invalid_grant"
    assert [row["revoke_reason"] for row in stored(world.database, grants)] == ["before_mark"]
