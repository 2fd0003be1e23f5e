"""Implicit and hybrid response types: only where an operator offers them, and then by the book."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from clients.errors import RegistrationRefused
from clients.metadata import LEGACY_RESPONSE_TYPES
from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import ISSUER, NONCE, REDIRECT, Registered, TokenWorld
from tests.support.visit import STATE, Visitor, asked

GRANTS = ["authorization_code", "implicit", "refresh_token"]


@pytest.fixture
def legacy(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that offers them."""
    return TokenWorld(tmp_path, sqlite_database, clock, requests={"legacy_responses": True})


@pytest.fixture
def party(legacy: TokenWorld) -> Registered:
    """Return a client that registered all of them."""
    return legacy.add_client(grant_types=GRANTS, response_types=["code", *LEGACY_RESPONSE_TYPES])


@pytest.fixture
def citizen(legacy: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(legacy, legacy.add_person(12))


def half(value: str) -> str:
    """Return the left half of the SHA-256 of a value."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.spec("OAuth Multiple Response Types", "5")
@pytest.mark.spec("OAuth Multiple Response Types", "3")
@pytest.mark.spec("RFC 6750", "5.3")
@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 9207", "2.4")
@pytest.mark.spec("RFC 6749", "4.2.2")
@pytest.mark.spec("OIDC Core", "3.3.2.11")
@pytest.mark.spec("OIDC Core", "3.2.2.10")
@pytest.mark.spec("OIDC Core", "3.3.2.5")
@pytest.mark.spec("OIDC Core", "3.2.2.5")
@pytest.mark.parametrize("kind", LEGACY_RESPONSE_TYPES)
def test_each_type_carries_what_it_names_in_the_fragment(
    legacy: TokenWorld, party: Registered, citizen: Visitor, kind: str
) -> None:
    landing = citizen.allowed(asked(party, response_type=kind))
    arrived, words = landing.arrived(), kind.split()
    assert landing.mode == "fragment"
    assert (arrived["state"], arrived["iss"]) == (STATE, ISSUER)
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    assert {names[word] for word in words} == set(arrived) & set(names.values())
    if "token" in words:
        assert (arrived["token_type"], arrived["expires_in"]) == ("Bearer", "600")
        assert legacy.userinfo(arrived["access_token"]).json["email"] == "mau@example.vn"
        assert arrived["access_token"] not in landing.headers.get("Set-Cookie", "")
    if "id_token" in words:
        claims = legacy.verified(arrived["id_token"])
        assert (claims["nonce"], claims["aud"]) == (NONCE, party.client.client_id)
        assert claims["iss"] == arrived["iss"]
        assert claims.get("at_hash") == (half(arrived["access_token"]) if "token" in words else None)
        assert claims.get("c_hash") == (half(arrived["code"]) if "code" in words else None)
        assert claims.get("s_hash") == (half(STATE) if "code" in words else None)
    if "code" in words:
        tokens = legacy.redeem(party, arrived["code"])
        assert tokens.status == 200
        assert legacy.verified(tokens.json["id_token"])["sub"]


@pytest.mark.spec("OIDC Core", "5.4")
def test_an_id_token_alone_carries_the_claims_of_the_scopes(
    legacy: TokenWorld, party: Registered, citizen: Visitor
) -> None:
    alone = citizen.allowed(asked(party, response_type="id_token")).arrived()
    assert legacy.verified(alone["id_token"])["email"] == "mau@example.vn"
    beside = citizen.allowed(asked(party, response_type="token id_token")).arrived()
    assert "email" not in legacy.verified(beside["id_token"])
    assert legacy.events("token:front_channel")


@pytest.mark.spec("OIDC Core", "3.3.2.1")
@pytest.mark.spec("OIDC Core", "3.2.2.1")
@pytest.mark.parametrize("kind", [kind for kind in LEGACY_RESPONSE_TYPES if "id_token" in kind])
def test_an_id_token_through_the_browser_needs_a_nonce(party: Registered, citizen: Visitor, kind: str) -> None:
    landing = citizen.authorize(asked(party, response_type=kind, nonce=None))
    assert (landing.arrived()["error"], landing.mode) == ("invalid_request", "fragment")


@pytest.mark.spec("OAuth Multiple Response Types", "7")
@pytest.mark.spec("OAuth Multiple Response Types", "3")
@pytest.mark.spec("RFC 6749", "4.2.2.1")
@pytest.mark.spec("OIDC Core", "3.2.2.5")
@pytest.mark.spec("JARM", "2.3")
@pytest.mark.spec("OAuth Multiple Response Types", "5")
@pytest.mark.parametrize("mode", ["query", "query.jwt"])
@pytest.mark.parametrize("kind", LEGACY_RESPONSE_TYPES)
def test_tokens_never_travel_in_a_query(party: Registered, citizen: Visitor, kind: str, mode: str) -> None:
    landing = citizen.authorize(asked(party, response_type=kind, response_mode=mode))
    assert landing.mode == "fragment"
    arrived = landing.arrived()
    assert "error" in arrived or "response" in arrived
    assert arrived.get("state", STATE) == STATE
    assert not {"code", "id_token", "access_token"} & set(arrived)


@pytest.mark.spec("RFC 6749", "4.2.1")
@pytest.mark.parametrize("kind", LEGACY_RESPONSE_TYPES)
def test_tokens_go_to_no_address_that_is_not_registered(party: Registered, citizen: Visitor, kind: str) -> None:
    for other in (None, "https://evil.example/callback", f"{REDIRECT}/", f"{REDIRECT}?x=1"):
        page = citizen.authorize(asked(party, response_type=kind, redirect_uri=other))
        assert (page.status, page.callback) == (400, None)


@pytest.mark.spec("RFC 6749", "4.2.2")
def test_a_scope_that_was_narrowed_is_said_in_the_fragment(party: Registered, citizen: Visitor) -> None:
    request = asked(party, response_type="id_token token", scope="openid email teleport")
    assert citizen.allowed(request).arrived()["scope"] == "openid email"


@pytest.mark.spec("OAuth Form Post Response Mode", "2")
@pytest.mark.parametrize("kind", ["code", *LEGACY_RESPONSE_TYPES])
def test_every_type_may_come_by_form_post(party: Registered, citizen: Visitor, kind: str) -> None:
    landing = citizen.allowed(asked(party, response_type=kind, response_mode="form_post"))
    assert (landing.mode, landing.url) == ("form_post", REDIRECT)
    assert [str(form["method"]).lower() for form in landing.soup.find_all("form")] == ["post"]
    assert landing.arrived()["iss"] == ISSUER


@pytest.mark.parametrize("kind", LEGACY_RESPONSE_TYPES)
def test_pkce_holds_for_types_with_a_code(party: Registered, citizen: Visitor, kind: str) -> None:
    without = asked(party, response_type=kind, code_challenge=None, code_challenge_method=None)
    page = citizen.authorize(without)
    assert (page.callback is not None and page.callback.get("error") == "invalid_request") is ("code" in kind.split())


@pytest.mark.spec("RFC 6749", "10.16")
def test_bare_token_and_none_are_not_offered(party: Registered, citizen: Visitor) -> None:
    for kind in ("token", "none", "code code", "device"):
        assert citizen.authorize(asked(party, response_type=kind)).arrived()["error"] == "unsupported_response_type"


def test_an_ended_session_ends_the_tokens(legacy: TokenWorld, party: Registered) -> None:
    account = legacy.add_person(13)
    arrived = Visitor(legacy, account).allowed(asked(party, response_type="id_token token")).arrived()
    for view in legacy.wiring.sessions.of_account(account):
        legacy.wiring.sessions.end(view.session, "test", "system")
    assert legacy.userinfo(arrived["access_token"]).status == 401


def test_a_client_gets_only_the_types_that_it_registered(legacy: TokenWorld, citizen: Visitor) -> None:
    plain = legacy.add_client()
    assert citizen.authorize(asked(plain, response_type="id_token")).arrived()["error"] == "unauthorized_client"


def test_discovery_and_registration_follow_the_switch(legacy: TokenWorld) -> None:
    document = legacy.get("/.well-known/openid-configuration").json
    assert set(document["response_types_supported"]) == {"code", *LEGACY_RESPONSE_TYPES}
    assert "implicit" in document["grant_types_supported"]


@pytest.mark.spec("RFC 9700", "2.1.2")
def test_off_by_default_nothing_of_it_exists(world: TokenWorld, portal: Registered) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["response_types_supported"] == ["code"]
    assert "implicit" not in document["grant_types_supported"]
    with pytest.raises(RegistrationRefused) as refused:
        world.add_client(grant_types=GRANTS, response_types=["code", "id_token"])
    assert {one.field for one in refused.value.errors} == {"grant_types[1]"}
    visitor = Visitor(world, world.add_person(14))
    for kind in LEGACY_RESPONSE_TYPES:
        error = visitor.authorize(asked(portal, response_type=kind)).arrived()["error"]
        assert error == "unsupported_response_type"


@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.spec("RFC 7591", "2.1")
@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": ["authorization_code"], "response_types": ["code", "id_token"]},
        {"grant_types": ["authorization_code", "implicit"], "response_types": ["code"]},
        {"grant_types": ["implicit"], "response_types": ["code id_token"]},
    ],
)
def test_grants_and_response_types_must_fit(legacy: TokenWorld, metadata: dict[str, Any]) -> None:
    with pytest.raises(RegistrationRefused):
        legacy.add_client(**metadata)
