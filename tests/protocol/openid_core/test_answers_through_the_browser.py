"""Answers that go through the browser: their pages are kept by nobody, hold no markup of others, and agree with the token endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import STATE, Visitor, asked

GRANTS = ["authorization_code", "implicit", "refresh_token"]
MARKUP = "\"'><script>alert(1)</script>&amp;"


@pytest.fixture
def legacy(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that offers implicit and hybrid answers."""
    return TokenWorld(tmp_path, sqlite_database, clock, requests={"legacy_responses": True})


@pytest.fixture
def party(legacy: TokenWorld) -> Registered:
    """Return a client of all of them."""
    kinds = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
    return legacy.add_client(grant_types=GRANTS, response_types=kinds)


@pytest.mark.spec("OAuth Form Post Response Mode", "2")
@pytest.mark.spec("OAuth Form Post Response Mode", "4")
def test_a_form_post_page_is_kept_by_nobody_and_what_it_carries_stays_text(
    world: TokenWorld, portal: Registered
) -> None:
    citizen = Visitor(world, world.add_person(51))
    for changes in ({}, {"prompt": "none"}, {"scope": "profile"}):
        landing = citizen.authorize(asked(portal, response_mode="form_post", state=MARKUP, **changes))
        if landing.form == "consent-form":
            landing = citizen.press(landing, "consent-allow", claim=["email"])
        assert landing.mode == "form_post"
        assert landing.arrived()["state"] == MARKUP
        assert "<script>alert" not in landing.text
        assert "no-store" in landing.headers["Cache-Control"]
        assert "script-src" in landing.headers["Content-Security-Policy"]


@pytest.mark.spec("OAuth Multiple Response Types", "1.2")
@pytest.mark.parametrize("kind", ["id_token code", "token id_token code", "token code id_token", "token id_token"])
def test_the_order_of_the_words_of_a_response_type_does_not_count(
    legacy: TokenWorld, party: Registered, kind: str
) -> None:
    arrived = Visitor(legacy, legacy.add_person(52)).allowed(asked(party, response_type=kind)).arrived()
    names = {"code": "code", "id_token": "id_token", "token": "access_token"}
    assert {names[word] for word in kind.split()} == set(arrived) & set(names.values())


@pytest.mark.spec("RFC 6749", "4.2.2")
@pytest.mark.parametrize("kind", ["id_token", "id_token token", "code id_token token"])
def test_no_refresh_token_comes_through_the_browser(legacy: TokenWorld, party: Registered, kind: str) -> None:
    scope = "openid email offline_access"
    arrived = Visitor(legacy, legacy.add_person(53)).allowed(asked(party, response_type=kind, scope=scope)).arrived()
    assert "refresh_token" not in arrived


@pytest.mark.spec("OIDC Core", "11")
def test_offline_access_without_a_code_gives_nothing_that_outlives_the_session(
    legacy: TokenWorld, party: Registered
) -> None:
    citizen = Visitor(legacy, legacy.add_person(54))
    scope = "openid email offline_access"
    arrived = citizen.allowed(asked(party, response_type="id_token token", scope=scope)).arrived()
    assert "refresh_token" not in arrived
    claims = legacy.verified(arrived["access_token"], "at+jwt")
    assert claims["exp"] <= legacy.clock.now() + 600


@pytest.mark.spec("OIDC Core", "3.3.3.6")
@pytest.mark.parametrize("kind", ["code id_token", "code id_token token"])
def test_both_id_tokens_of_a_hybrid_answer_name_one_issuer_and_subject(
    legacy: TokenWorld, party: Registered, kind: str
) -> None:
    arrived = Visitor(legacy, legacy.add_person(55)).allowed(asked(party, response_type=kind)).arrived()
    first = legacy.verified(arrived["id_token"])
    second = legacy.verified(legacy.redeem(party, arrived["code"]).json["id_token"])
    for name in ("iss", "sub", "aud", "nonce", "auth_time", "acr"):
        assert first[name] == second[name]


@pytest.mark.spec("OIDC Core", "3.2.2.6")
@pytest.mark.spec("OIDC Core", "3.3.2.6")
@pytest.mark.spec("OAuth Multiple Response Types", "5")
@pytest.mark.parametrize("kind", ["id_token", "id_token token", "code id_token", "code token", "code id_token token"])
def test_errors_come_in_the_fragment_with_their_state(legacy: TokenWorld, party: Registered, kind: str) -> None:
    nobody = Visitor(legacy).authorize(asked(party, response_type=kind, prompt="none"))
    citizen = Visitor(legacy, legacy.add_person(58))
    denied = citizen.press(citizen.authorize(asked(party, response_type=kind)), "consent-deny")
    for landing, error in ((nobody, "login_required"), (denied, "access_denied")):
        assert landing.mode == "fragment"
        assert (landing.arrived()["error"], landing.arrived()["state"]) == (error, STATE)


@pytest.mark.spec("OIDC Core", "3.3.2.1")
def test_a_nonce_may_be_left_out_where_no_id_token_comes_through_the_browser(
    legacy: TokenWorld, party: Registered
) -> None:
    citizen = Visitor(legacy, legacy.add_person(59))
    arrived = citizen.allowed(asked(party, response_type="code token", nonce=None)).arrived()
    assert {"code", "access_token"} <= arrived.keys()


@pytest.mark.spec("OIDC Core", "5.3.2")
def test_userinfo_leaves_out_what_is_not_known(world: TokenWorld) -> None:
    portal = world.add_client()
    account = world.add_person(56, email="", email_verified="", gender="")
    scope = "openid profile email phone address identity"
    answer = world.userinfo(world.tokens(portal, world.sign_in(account), scope)["access_token"])
    assert answer.status == 200
    assert [name for name, value in answer.json.items() if value in (None, "", [], {})] == []
    assert not {"email", "gender", "phone_number"} & answer.json.keys()


@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "login none"}, "invalid_request"),
    ],
)
def test_a_request_without_openid_or_with_more_beside_none_signs_nobody_in(
    world: TokenWorld, portal: Registered, changes: dict[str, str | None], error: str
) -> None:
    arrived = Visitor(world, world.add_person(57)).authorize(asked(portal, **changes)).arrived()
    assert arrived["error"] == error
    assert "code" not in arrived
