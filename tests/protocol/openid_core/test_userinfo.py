"""Userinfo: the grant's claims and no others, about the token's subject and no other."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from policies import claims as claim_policy
from tests.support.token_world import EVERY_SCOPE, ISSUER, Registered, TokenWorld


def claims_of(world: TokenWorld, of: Registered, session: Session, scope: str, **changes: object) -> dict[str, object]:
    """Return what userinfo says to a fresh token."""
    answer = world.userinfo(world.tokens(of, session, scope, **changes)["access_token"])
    assert answer.status == 200
    return answer.json


@pytest.mark.spec("OIDC Core", "5.3.2")
def test_subject_is_that_of_the_id_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    answer = world.userinfo(tokens["access_token"])
    assert answer.json["sub"] == world.verified(tokens["id_token"])["sub"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.spec("OIDC Core", "5.6")
@pytest.mark.spec("OIDC Core", "5.4")
def test_scope_releases_its_claims_and_no_others(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert claims_of(world, portal, session, "openid").keys() == {"sub"}
    assert claims_of(world, portal, session, "openid email").keys() == {"sub", "email", "email_verified"}
    profile = claims_of(world, portal, session, "openid profile")
    assert (profile["name"], profile["birthdate"], profile["gender"]) == ("Công dân mẫu 01", "2199-05-01", "male")
    assert not {"email", "identity_code", "identity_level"} & profile.keys()


def test_identity_code_is_opened_for_its_scope_only(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert "identity_code" not in claims_of(world, portal, session, "openid profile email phone address")
    released = claims_of(world, portal, session, "openid identity")
    assert (released["identity_code"], released["identity_code_type"]) == ("049499000001", "cccd")
    assert released["identity_level"] == "1"


@pytest.mark.spec("OIDC Core", "5.5")
def test_code_asked_by_the_claims_parameter_is_released_without_its_scope(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    asked = claim_policy.pack(["identity_code"])
    assert claims_of(world, portal, session, "openid", claims=asked).keys() == {"sub", "identity_code"}


def test_claims_that_were_not_agreed_to_stay_inside(world: TokenWorld, portal: Registered, session: Session) -> None:
    agreed = claim_policy.pack(["name"])
    assert claims_of(world, portal, session, EVERY_SCOPE, claims=agreed).keys() == {"sub", "name"}


@pytest.mark.spec("OIDC Core", "5.3.2")
def test_signed_answer_names_issuer_and_audience(world: TokenWorld, session: Session) -> None:
    for alg in ("ES256", "RS256"):
        client = world.add_client(userinfo_signed_response_alg=alg)
        tokens = world.tokens(client, session)
        answer = world.userinfo(tokens["access_token"])
        assert answer.headers["content-type"] == "application/jwt"
        claims = world.verified(answer.body.decode(), required="sub")
        assert (claims["iss"], claims["aud"]) == (ISSUER, client.client.client_id)
        assert claims["sub"] == world.verified(tokens["id_token"])["sub"]
        assert claims["email"] == "mau@example.vn"


@pytest.mark.spec("OIDC Core", "5.3.1")
def test_get_and_post_answer_alike(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    assert (
        world.get("/userinfo", f"Bearer {token}").json == world.send("POST", "/userinfo", b"", f"Bearer {token}").json
    )


def test_change_of_the_profile_shows_at_the_next_question(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["access_token"]
    changed = {"name": "Công dân mẫu 01", "birthdate": "2199-05-01", "gender": "male", "email": "moi@example.vn"}
    world.wiring.accounts.update(session.account_id, changed, reason="own_request")
    assert world.userinfo(token).json["email"] == "moi@example.vn"


def test_token_of_a_merged_account_answers_about_the_one_that_stands(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    winner = world.add_person(2, email="con@example.vn")
    tokens = world.tokens(portal, session, "openid email offline_access")
    world.wiring.accounts.merge(session.account_id, winner, reason="duplicate")
    answer = world.userinfo(tokens["access_token"])
    assert answer.json["email"] == "con@example.vn"
    assert answer.json["sub"] == world.verified(tokens["id_token"])["sub"]


def test_answer_is_no_write_and_a_refusal_is_recorded(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    world.userinfo(token)
    assert world.events("userinfo:request") == []
    world.wiring.sessions.end(session, "sign_out", f"account:{session.account_id}")
    world.userinfo(token)
    (event,) = world.events("userinfo:request")
    assert (event["outcome"], event["reason"], event["client_id"]) == (
        "refused",
        "token_revoked",
        portal.client.client_id,
    )
