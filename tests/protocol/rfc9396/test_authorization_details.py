"""Authorization details: typed, checked, shown to the person in words, and carried into the tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.storage.tables import grants
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

DOSSIER = "urn:dinhdanh:details:dossier"
NUMBER = "H17.15-261127-0001"
LAND = "https://land.example.vn/api"


def dossier(**changes: Any) -> dict[str, Any]:
    """Return one detail, but for ``changes``."""
    return {"type": DOSSIER, "identifier": NUMBER, "actions": ["read", "supplement"], **changes}


@pytest.fixture
def office(world: TokenWorld) -> Registered:
    """Return a system that may ask about dossiers, which the land office keeps."""
    world.add_client(resource_identifiers=[LAND], scope="openid")
    types = [DOSSIER, "urn:dinhdanh:details:document"]
    return world.add_client(authorization_details_types=types, allowed_resources=[LAND])


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(8))


def ask(citizen: Visitor, of: Registered, details: object, **changes: str | None) -> Landing:
    """Open a request with details."""
    return citizen.authorize(asked(of, authorization_details=json.dumps(details), **changes))


def granted(world: TokenWorld, citizen: Visitor, of: Registered, details: object, **redeem: str) -> dict[str, Any]:
    """Return the token response after the person agreed."""
    code = citizen.press(ask(citizen, of, details), "consent-allow").arrived()["code"]
    answer = world.redeem(of, code, **redeem)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.spec("RFC 9396", "9.2")
@pytest.mark.spec("RFC 9396", "7")
@pytest.mark.spec("RFC 9396", "9")
def test_what_was_granted_is_in_the_response_the_token_and_introspection(
    world: TokenWorld, office: Registered, citizen: Visitor
) -> None:
    tokens = granted(world, citizen, office, [dossier()])
    assert tokens["authorization_details"] == [dossier()]
    assert world.verified(tokens["access_token"], "at+jwt")["authorization_details"] == [dossier()]
    assert world.introspect(office, tokens["access_token"]).json["authorization_details"] == [dossier()]
    assert world.refresh(office, tokens["refresh_token"]).json["authorization_details"] == [dossier()]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("vi", ("Mã hồ sơ", "Nộp bổ sung giấy tờ vào hồ sơ", "chỉ có hiệu lực cho lần này")),
        ("en", ("Dossier number", "Hand in further papers", "for this once")),
    ],
)
@pytest.mark.spec("RFC 9396", "4")
def test_the_person_reads_each_detail_in_words(
    world: TokenWorld, office: Registered, citizen: Visitor, language: str, texts: tuple[str, ...]
) -> None:
    page = ask(citizen, office, [dossier(procedure="1.004227")], ui_locales=language)
    shown = page.soup.get_text(" ", strip=True)
    assert all(text in shown for text in (NUMBER, "1.004227", *texts)), shown


def test_every_type_has_its_texts_in_both_languages(world: TokenWorld, office: Registered, citizen: Visitor) -> None:
    document = {"type": "urn:dinhdanh:details:document", "identifier": "GT/2026-15", "actions": ["copy", "read"]}
    both = [{**document, "until": "2026-12-31", "locations": [LAND]}, dossier(actions=["receive_result"])]
    for language in ("vi", "en"):
        page = ask(citizen, office, both, ui_locales=language)
        assert page.form == "consent-form"
        assert "GT/2026-15" in page.text


def test_details_are_asked_each_time_and_never_without_the_person(
    world: TokenWorld, office: Registered, citizen: Visitor
) -> None:
    granted(world, citizen, office, [dossier()])
    assert ask(citizen, office, [dossier()]).form == "consent-form"
    assert ask(citizen, office, [dossier()], prompt="none").arrived()["error"] == "consent_required"
    assert "code" in citizen.authorize(asked(office)).arrived()


def test_a_person_who_declines_grants_nothing(office: Registered, citizen: Visitor) -> None:
    page = ask(citizen, office, [dossier()])
    assert citizen.press(page, "consent-deny").arrived()["error"] == "access_denied"


@pytest.mark.spec("RFC 9396", "12")
@pytest.mark.spec("RFC 9396", "5")
@pytest.mark.parametrize(
    "details",
    [
        [],
        {},
        [1],
        [{}],
        [{"type": 1}],
        [{"type": "urn:example:other", "identifier": NUMBER}],
        [dossier(extra=1)],
        [dossier(identifier="1; drop")],
        [dossier(identifier="<script>alert(1)</script>")],
        [dossier(identifier=f"{NUMBER}\u0000")],
        [dossier(identifier=[NUMBER])],
        [dossier(identifier=None)],
        [dossier(actions=[])],
        [dossier(actions=["read", "read"])],
        [dossier(actions=["delete"])],
        [dossier(actions=[{}])],
        [dossier(actions="read")],
        [{"type": DOSSIER, "actions": ["read"]}],
        [dossier(procedure="x")],
        [dossier(locations=["relative"])],
        [dossier(locations=["https://land.example.vn/api#x"])],
        [dossier(), dossier()],
        [dossier(identifier=f"H17.15-261127-{number:04}") for number in range(9)],
        [{"type": "urn:dinhdanh:details:document", "identifier": "x", "actions": ["read"], "until": "2026-02-30"}],
    ],
)
def test_what_does_not_conform_to_its_type_is_refused(
    world: TokenWorld, office: Registered, citizen: Visitor, details: object
) -> None:
    assert ask(citizen, office, details).arrived()["error"] == "invalid_authorization_details"
    form = asked(office, authorization_details=json.dumps(details))
    pushed = world.post("/par", form, office.basic)
    assert (pushed.status, pushed.json["error"]) == (400, "invalid_authorization_details")


@pytest.mark.spec("RFC 9396", "2")
@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[" * 4000,
        '[{"type":"a","type":"b"}]',
        f'[{{"type":"{DOSSIER}","identifier":"{NUMBER}","identifier":"{NUMBER}","actions":["read"]}}]',
        "[" + " " * 5000 + "]",
        "null",
        "NaN",
    ],
)
def test_json_that_two_readers_could_read_differently_or_that_is_too_much_is_refused(
    office: Registered, citizen: Visitor, raw: str
) -> None:
    arrived = citizen.authorize(asked(office, authorization_details=raw)).arrived()
    assert arrived["error"] == "invalid_authorization_details"


@pytest.mark.spec("RFC 9396", "10")
def test_a_client_asks_only_for_the_types_that_it_registered(portal: Registered, citizen: Visitor) -> None:
    assert ask(citizen, portal, [dossier()]).arrived()["error"] == "invalid_authorization_details"


@pytest.mark.spec("RFC 9396", "6")
def test_a_token_request_may_ask_for_less(world: TokenWorld, office: Registered, citizen: Visitor) -> None:
    other = dossier(identifier="H17.15-261127-0002")
    tokens = granted(world, citizen, office, [dossier(), other], authorization_details=json.dumps([other]))
    assert tokens["authorization_details"] == [other]
    fewer = dossier(actions=["read"])
    less = world.refresh(office, tokens["refresh_token"], authorization_details=json.dumps([fewer]))
    assert less.json["authorization_details"] == [fewer]
    assert world.refresh(office, less.json["refresh_token"]).json["authorization_details"] == [dossier(), other]


@pytest.mark.spec("RFC 9396", "8")
@pytest.mark.spec("RFC 9396", "6.1")
@pytest.mark.parametrize(
    "more",
    [
        dossier(identifier="H17.15-261127-0009"),
        dossier(actions=["read", "receive_result"]),
        {"type": "urn:dinhdanh:details:document", "identifier": "x", "actions": ["read"]},
    ],
)
def test_a_token_request_for_more_is_refused_and_costs_nothing(
    world: TokenWorld, office: Registered, citizen: Visitor, more: dict[str, Any]
) -> None:
    code = citizen.press(ask(citizen, office, [dossier()]), "consent-allow").arrived()["code"]
    refused = world.redeem(office, code, authorization_details=json.dumps([more]))
    assert (refused.status, refused.json["error"]) == (400, "invalid_authorization_details")
    assert world.redeem(office, code).json["authorization_details"] == [dossier()]


@pytest.mark.spec("RFC 9396", "6.1")
def test_a_bound_that_the_person_saw_may_not_be_left_out(
    world: TokenWorld, office: Registered, citizen: Visitor
) -> None:
    bound = dossier(locations=[LAND], procedure="1.004227")
    code = citizen.press(ask(citizen, office, [bound]), "consent-allow").arrived()["code"]
    for name in ("locations", "procedure"):
        free = {member: value for member, value in bound.items() if member != name}
        refused = world.redeem(office, code, authorization_details=json.dumps([free]))
        assert refused.json["error"] == "invalid_authorization_details", name


def test_a_client_without_a_person_gets_no_details(world: TokenWorld, office: Registered) -> None:
    answer = world.own_token(office, authorization_details=json.dumps([dossier()]))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")


@pytest.mark.spec("RFC 9068", "3")
@pytest.mark.spec("RFC 9396", "9.1")
def test_locations_bound_a_detail_to_its_resource(world: TokenWorld, office: Registered, citizen: Visitor) -> None:
    bound = dossier(locations=[LAND])
    tokens = granted(world, citizen, office, [bound])
    assert world.verified(tokens["access_token"], "at+jwt")["aud"] == LAND
    ours = world.refresh(office, tokens["refresh_token"], resource="https://id.example.vn").json
    assert "authorization_details" not in ours
    assert "authorization_details" not in world.verified(ours["access_token"], "at+jwt")


def test_a_location_that_the_client_may_not_ask_is_an_invalid_target(office: Registered, citizen: Visitor) -> None:
    page = ask(citizen, office, [dossier(locations=["https://tax.example.vn/api"])])
    assert page.arrived()["error"] == "invalid_target"


@pytest.mark.spec("RFC 9396", "10")
def test_discovery_names_the_types(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert DOSSIER in document["authorization_details_types_supported"]


def test_details_are_sealed_at_rest_and_the_consent_keeps_their_digest(
    world: TokenWorld, office: Registered, citizen: Visitor
) -> None:
    granted(world, citizen, office, [dossier()])
    row = stored(world.database, grants)[0]
    assert row["details"] is not None
    assert NUMBER.encode() not in bytes(row["details"])
    event = world.events("consent:give")[0]
    assert len(json.loads(event["detail"])["authorization_details"]) == 64
    assert NUMBER not in str(event)


@pytest.mark.spec("RFC 9396", "3.1")
def test_the_person_reads_scope_and_details_together(office: Registered, citizen: Visitor) -> None:
    both = ask(citizen, office, [dossier()], scope="openid email")
    details = ask(citizen, office, [dossier()], scope="openid")
    assert NUMBER in both.text
    assert NUMBER in details.text
    assert both.soup.select_one("[name=claim][value=email]") is not None
    assert details.soup.select_one("[name=claim][value=email]") is None


@pytest.mark.spec("RFC 9396", "3.1")
def test_scope_and_details_of_one_request_both_count(world: TokenWorld, office: Registered, citizen: Visitor) -> None:
    tokens = granted(world, citizen, office, [dossier()])
    assert tokens["scope"] == "openid email"
    assert tokens["authorization_details"] == [dossier()]
    access = world.verified(tokens["access_token"], "at+jwt")
    assert (access["scope"], access["authorization_details"]) == ("openid email", [dossier()])
    assert world.userinfo(tokens["access_token"]).json["sub"] == access["sub"]
