"""How an access token is presented, and how a resource of ours refuses one."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import FORM, Registered, TokenWorld


@pytest.fixture
def token(world: TokenWorld, portal: Registered, session: Session) -> str:
    """Return an access token."""
    found: str = world.tokens(portal, session)["access_token"]
    return found


@pytest.mark.spec("RFC 6750", "2.1")
def test_header_carries_the_token_whatever_the_case_of_its_scheme(world: TokenWorld, token: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert world.get("/userinfo", f"{scheme} {token}").status == 200


@pytest.mark.spec("RFC 6750", "2.2")
def test_form_body_carries_the_token_of_a_post(world: TokenWorld, token: str) -> None:
    assert world.post("/userinfo", {"access_token": token}).status == 200
    assert world.send("GET", "/userinfo", f"access_token={token}".encode(), CONTENT_TYPE=FORM).status == 401


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.4")
@pytest.mark.spec("RFC 6750", "2.3")
def test_query_never_carries_the_token(world: TokenWorld, token: str) -> None:
    answer = world.get("/userinfo", QUERY_STRING=f"access_token={token}")
    assert answer.status == 401
    assert world.events("userinfo:request")[0]["reason"] == "token_missing"


@pytest.mark.spec("RFC 6750", "2")
def test_two_ways_at_once_are_refused(world: TokenWorld, token: str) -> None:
    answer = world.post("/userinfo", {"access_token": token}, f"Bearer {token}")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_request_without_a_token_is_told_the_scheme_and_no_error(world: TokenWorld) -> None:
    answer = world.get("/userinfo")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert "error" not in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_bad_token_is_named_in_the_challenge(world: TokenWorld, token: str) -> None:
    world.clock.advance(600)
    for one in (token, "x", "ü", "a.b.c", "A" * 9000):
        answer = world.userinfo(one)
        assert (answer.status, answer.json["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert [row["reason"] for row in world.events("userinfo:request")][:2] == ["token_expired", "token_malformed"]


@pytest.mark.spec("RFC 6749", "7")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.4")
@pytest.mark.spec("RFC 6750", "3.1")
def test_token_without_openid_has_not_scope_enough(world: TokenWorld, portal: Registered) -> None:
    answer = world.userinfo(world.own_token(portal).json["access_token"])
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.spec("RFC 6749", "7")
@pytest.mark.spec("RFC 6750", "3.1")
def test_token_of_a_person_that_left_openid_out_has_not_scope_enough(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    refreshed = world.refresh(portal, world.tokens(portal, session)["refresh_token"], scope="email").json
    assert refreshed["scope"] == "email"
    answer = world.userinfo(refreshed["access_token"])
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "Bearer a b", "DPoP x"])
def test_odd_header_is_a_refusal(world: TokenWorld, header: str) -> None:
    assert world.get("/userinfo", header).status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(world: TokenWorld, token: str, method: str) -> None:
    assert world.send(method, "/userinfo", b"", f"Bearer {token}").status == 400


@pytest.mark.spec("RFC 6750", "5.2")
@pytest.mark.spec("RFC 6750", "5.3")
def test_no_answer_that_has_to_do_with_a_token_sets_a_cookie(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    issued = world.redeem(portal, world.code(portal, session))
    token = issued.json["access_token"]
    answers = (issued, world.userinfo(token), world.introspect(portal, token), world.revoke(portal, token))
    for answer in answers:
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
