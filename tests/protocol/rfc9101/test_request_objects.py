"""Request objects: signed by the client, for us, in time; and nothing beside them counts."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from clients.errors import RegistrationRefused
from idp.flows.pushed import PREFIX
from idp.ports.fetcher import Fetched
from keys import base64url
from tests.support.client_keys import ClientKey, PublishedKeys, key_set, new_key
from tests.support.token_world import ISSUER, REDIRECT, Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

URI = "https://portal.example.vn/request.jwt"
KEY = new_key()


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a client with a key."""
    return world.add_client(jwks=key_set(KEY), request_uris=[URI])


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(9))


def claims(world: TokenWorld, of: Registered, **changes: Any) -> dict[str, Any]:
    """Return what a proper object says; None takes a member out."""
    now = world.clock.now()
    made = {
        **asked(of),
        "iss": of.client.client_id,
        "aud": ISSUER,
        "exp": now + 300,
        "nbf": now,
        "iat": now,
        "jti": "j",
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def signed(world: TokenWorld, of: Registered, key: ClientKey = KEY, **changes: Any) -> str:
    """Return a proper object but for ``changes``."""
    return key.sign(claims(world, of, **changes), typ="oauth-authz-req+jwt")


def bring(citizen: Visitor, of: Registered, token: str, **beside: str) -> Landing:
    """Send the browser with an object by value."""
    return citizen.allowed({"client_id": of.client.client_id, "request": token, **beside})


@pytest.mark.spec("RFC 9101", "5.1")
def test_an_object_by_value_is_the_request(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    arrived = bring(citizen, portal, signed(world, portal, state="inside")).arrived()
    assert arrived["state"] == "inside"
    assert world.redeem(portal, arrived["code"]).status == 200


@pytest.mark.spec("RFC 9101", "6.3")
def test_nothing_outside_the_object_counts(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    beside = {"scope": "openid identity", "state": "outside", "nonce": "other", "response_mode": "fragment"}
    landing = bring(citizen, portal, signed(world, portal, state=None), **beside)
    assert ("state" in landing.arrived(), landing.mode) == (False, "query")
    assert world.redeem(portal, landing.arrived()["code"]).json["scope"] == "openid email"


@pytest.mark.spec("OIDC Core", "6.3.3")
@pytest.mark.spec("RFC 9101", "6.3")
def test_a_parameter_that_is_only_outside_is_missing(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    token = signed(world, portal, response_type=None)
    assert bring(citizen, portal, token, response_type="code").arrived()["error"] == "invalid_request"
    token = signed(world, portal, redirect_uri=None)
    page = bring(citizen, portal, token, redirect_uri=REDIRECT)
    assert (page.error, page.callback) == ("invalid_request", None)


@pytest.mark.spec("RFC 9101", "4")
@pytest.mark.spec("RFC 9101", "6.2")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "somebody"},
        {"aud": None},
        {"aud": "https://other.example.vn"},
        {"aud": [f"{ISSUER}/"]},
        {"exp": 1},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"client_id": "somebody"},
        {"client_id": None},
        {"client_id": 7},
        {"request": "x"},
        {"request_uri": f"{PREFIX}x"},
        {"state": "line\nbreak"},
        {"max_age": 1.5},
        {"nonce": "\ud800"},
        {"resource": ["\ud800"]},
        {"claims": {"userinfo": {"gender": {"value": "\ud800"}}}},
        {"claims": {"userinfo": {"gender": {"value": 1 << 70}}}},
        {"state": True},
        {"resource": ["https://a.example/\nhttps://b.example/"]},
        {f"x{number}": "1" for number in range(65)},
    ],
)
def test_an_object_that_is_not_for_us_now_from_this_client_is_refused(
    world: TokenWorld, portal: Registered, citizen: Visitor, changes: dict[str, Any]
) -> None:
    token = signed(world, portal, **changes)
    page = bring(citizen, portal, token)
    assert (page.callback, page.error) == (None, "invalid_request_object")
    told = bring(citizen, portal, token, redirect_uri=REDIRECT, state="beside").arrived()
    assert (told["error"], told["state"], told["iss"]) == ("invalid_request_object", "beside", ISSUER)


@pytest.mark.spec("OIDC Core", "3.1.2.6")
def test_an_error_goes_to_no_address_that_is_not_registered(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    page = bring(citizen, portal, signed(world, portal, exp=1), redirect_uri="https://evil.example/")
    assert page.callback is None


@pytest.mark.spec("OIDC Core", "6.3.2")
@pytest.mark.spec("RFC 9101", "10.1")
@pytest.mark.spec("RFC 8725", "3.1")
def test_an_unsigned_object_is_refused_always(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    head = base64url.encode(orjson.dumps({"alg": "none", "typ": "oauth-authz-req+jwt"})).decode()
    body = base64url.encode(orjson.dumps(claims(world, portal))).decode()
    assert bring(citizen, portal, f"{head}.{body}.").error == "invalid_request_object"


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 9101", "6.2")
@pytest.mark.spec("RFC 9101", "10.2")
@pytest.mark.spec("OIDC Core", "6.3.2")
@pytest.mark.spec("RFC 8725", "2.1")
def test_other_keys_and_other_algorithms_are_refused(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    assert bring(citizen, portal, signed(world, portal, new_key())).error == "invalid_request_object"
    own = KEY.sign(claims(world, portal), jwk=KEY.bare)
    assert bring(citizen, portal, own).error == "invalid_request_object"
    strict = world.add_client(jwks=key_set(KEY), request_object_signing_alg="PS256")
    assert bring(citizen, strict, signed(world, strict)).error == "invalid_request_object"


@pytest.mark.spec("RFC 9101", "6.3")
@pytest.mark.spec("RFC 9101", "5")
@pytest.mark.spec("RFC 8725", "3.8")
def test_an_object_of_another_client_is_refused(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    other = world.add_client(jwks=key_set(new_key()))
    assert bring(citizen, other, signed(world, portal)).error == "invalid_request_object"


@pytest.mark.spec("RFC 8725", "2.8")
@pytest.mark.spec("RFC 8725", "3.12")
@pytest.mark.spec("RFC 9101", "10.8")
def test_other_tokens_of_the_client_are_no_request_objects(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    assertion = KEY.sign(claims(world, portal, sub=portal.client.client_id), typ="JWT")
    assert bring(citizen, portal, assertion).error == "invalid_request_object"
    proof = KEY.sign(claims(world, portal), typ="dpop+jwt")
    assert bring(citizen, portal, proof).error == "invalid_request_object"


@pytest.mark.spec("RFC 9101", "7")
@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d.e", "x" * 9000, "é.b.c"])
def test_what_is_no_signed_token_is_refused(portal: Registered, citizen: Visitor, token: str) -> None:
    assert bring(citizen, portal, token).callback is None


def test_members_that_are_there_twice_are_refused(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    body = orjson.dumps(claims(world, portal))[:-1] + b',"scope":"openid identity"}'
    head, _, _ = KEY.sign({}, typ="oauth-authz-req+jwt").split(".")
    assert bring(citizen, portal, f"{head}.{base64url.encode(body).decode()}.AAAA").error == "invalid_request_object"


def test_deep_json_is_refused(portal: Registered, citizen: Visitor) -> None:
    deep = base64.urlsafe_b64encode(b'{"claims":' + b"[" * 3000 + b"]" * 3000 + b"}").rstrip(b"=").decode()
    head, _, _ = KEY.sign({}).split(".")
    assert bring(citizen, portal, f"{head}.{deep}.AAAA").callback is None


def test_prompt_max_age_login_hint_and_json_work_from_inside(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    silent = signed(world, portal, prompt="none")
    assert bring(Visitor(world), portal, silent).arrived()["error"] == "login_required"
    world.clock.advance(100)
    old = signed(world, portal, max_age=10, prompt="none")
    assert bring(citizen, portal, old).arrived()["error"] == "login_required"
    hinted = bring(Visitor(world), portal, signed(world, portal, login_hint="049499000001"))
    assert "049499000001" in hinted.text
    wanted = {"id_token": {"email": None}}
    arrived = bring(citizen, portal, signed(world, portal, claims=wanted)).arrived()
    assert world.verified(world.redeem(portal, arrived["code"]).json["id_token"])["email"] == "mau@example.vn"


@pytest.mark.spec("RFC 9101", "10.5")
def test_a_client_that_must_sign_is_refused_when_it_does_not(world: TokenWorld, citizen: Visitor) -> None:
    strict = world.add_client(jwks=key_set(KEY), require_signed_request_object=True)
    assert citizen.authorize(asked(strict)).arrived()["error"] == "invalid_request"
    assert world.events("authorization:request")[0]["reason"] == "not_signed"
    assert world.post("/par", asked(strict), strict.basic).json["error"] == "invalid_request"
    assert "code" in bring(citizen, strict, signed(world, strict)).arrived()


@pytest.mark.spec("RFC 9126", "3")
def test_an_object_may_be_pushed_and_only_it_counts(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    form = {"request": signed(world, portal, state="inside"), "scope": "openid identity", "state": "outside"}
    answer = world.post("/par", form, portal.basic)
    assert answer.status == 201, answer.body
    parameters = {"client_id": portal.client.client_id, "request_uri": answer.json["request_uri"]}
    arrived = citizen.allowed(parameters).arrived()
    assert arrived["state"] == "inside"
    assert world.redeem(portal, arrived["code"]).json["scope"] == "openid email"
    bad = world.post("/par", {"request": signed(world, portal, exp=1)}, portal.basic)
    assert (bad.status, bad.json["error"]) == (400, "invalid_request_object")
    other = world.add_client(jwks=key_set(KEY))
    stolen = world.post("/par", {"request": signed(world, portal)}, other.basic)
    assert (stolen.status, stolen.json["error"]) == (400, "invalid_request_object")


def fetched_from(world: TokenWorld, answer: Fetched) -> PublishedKeys:
    """Let the guarded fetcher answer; returns what it was asked."""
    published = PublishedKeys()
    published.answer = answer
    made = world.wiring.__dict__
    made["fetcher"] = published
    for name in ("client_keys", "sources", "authorization"):
        made.pop(name, None)
    return published


@pytest.mark.spec("OIDC Core", "6.2.3")
@pytest.mark.spec("RFC 9101", "5.2")
def test_an_object_by_reference_is_fetched_from_a_registered_address(world: TokenWorld) -> None:
    of = world.add_client(jwks=key_set(KEY), request_uris=[URI])
    body = signed(world, of, state="by-reference").encode()
    published = fetched_from(world, Fetched(200, "application/oauth-authz-req+jwt", body))
    citizen = Visitor(world, world.add_person(10))
    arrived = citizen.allowed({"client_id": of.client.client_id, "request_uri": URI}).arrived()
    assert (arrived["state"], published.asked) == ("by-reference", [URI])


@pytest.mark.spec("OIDC Core", "6.2")
def test_a_registered_address_may_say_the_hash_of_its_object_as_a_fragment(world: TokenWorld) -> None:
    hashed = f"{URI}#LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564"
    of = world.add_client(jwks=key_set(KEY), request_uris=[hashed])
    published = fetched_from(world, Fetched(200, "application/jwt", signed(world, of, state="hashed").encode()))
    citizen = Visitor(world, world.add_person(10))
    arrived = citizen.allowed({"client_id": of.client.client_id, "request_uri": hashed}).arrived()
    assert (arrived["state"], published.asked) == ("hashed", [URI])
    other = citizen.authorize({"client_id": of.client.client_id, "request_uri": f"{URI}#another"})
    assert (other.error, published.asked) == ("invalid_request_uri", [URI])


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.parametrize(
    "uri", [f"{URI}#a#b", f"{URI}#a b", f"{URI}#ă", f"{URI}#{'x' * 500}", "http://evil.example/#x"]
)
def test_no_other_kind_of_address_registers(world: TokenWorld, uri: str) -> None:
    with pytest.raises(RegistrationRefused):
        world.add_client(jwks=key_set(KEY), request_uris=[uri])


@pytest.mark.spec("OIDC Discovery", "3")
@pytest.mark.spec("OIDC Core", "6.2")
@pytest.mark.spec("RFC 9101", "10.4.1")
@pytest.mark.parametrize(
    "uri", [f"{URI}?x", f"{URI}#x", "http://169.254.169.254/", "file:///etc/passwd", "https://evil.example/r.jwt"]
)
def test_no_other_address_is_ever_asked(world: TokenWorld, uri: str) -> None:
    of = world.add_client(jwks=key_set(KEY), request_uris=[URI])
    published = fetched_from(world, Fetched(200, "application/jwt", b""))
    page = Visitor(world).authorize({"client_id": of.client.client_id, "request_uri": uri})
    assert (page.error, published.asked) == ("invalid_request_uri", [])


def test_a_reference_of_a_client_that_must_push_is_refused_before_anything_is_asked(world: TokenWorld) -> None:
    of = world.add_client(jwks=key_set(KEY), request_uris=[URI], require_pushed_authorization_requests=True)
    published = fetched_from(world, Fetched(200, "application/jwt", b""))
    page = Visitor(world).authorize({"client_id": of.client.client_id, "request_uri": URI})
    assert (page.error, published.asked) == ("invalid_request", [])


@pytest.mark.spec("OIDC Core", "6.2")
@pytest.mark.spec("RFC 9101", "7")
@pytest.mark.parametrize("answer", [Fetched(404, "text/html", b"no"), Fetched(200, "text/html", "é".encode())])
def test_an_address_that_gives_no_object_is_an_invalid_request_uri(world: TokenWorld, answer: Fetched) -> None:
    of = world.add_client(jwks=key_set(KEY), request_uris=[URI])
    fetched_from(world, answer)
    assert (
        Visitor(world).authorize({"client_id": of.client.client_id, "request_uri": URI}).error == "invalid_request_uri"
    )


@pytest.mark.spec("OIDC Core", "6")
@pytest.mark.spec("RFC 9101", "5")
def test_object_and_reference_exclude_each_other(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    assert bring(citizen, portal, signed(world, portal), request_uri=URI).error == "invalid_request"


@pytest.mark.spec("RFC 9101", "10.5")
def test_discovery_says_so(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["request_parameter_supported"] is document["request_uri_parameter_supported"] is True
    assert document["require_request_uri_registration"] is True
    assert "none" not in document["request_object_signing_alg_values_supported"]
