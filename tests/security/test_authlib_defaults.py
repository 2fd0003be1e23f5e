"""What Authlib's server does by default and we must not (the list is in ``docs/decisions/0010-authlib-where-it-pays.md``).

The defaults that belong to the token side; each is a regression test, whoever implements the endpoint.
"""

from __future__ import annotations

import logging

import pytest

from idp.model.session import Session
from tests.support.token_world import Registered, TokenWorld, basic


def test_pkce_is_not_optional_where_it_was_used(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert world.redeem(portal, world.code(portal, session), code_verifier="").status == 400


def test_plain_challenge_never_passes(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert world.redeem(portal, world.code(portal, session, challenge="v" * 43)).status == 400


def test_query_parameters_are_not_mixed_into_the_body(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    answer = world.post("/token", {"grant_type": "authorization_code"}, portal.basic, QUERY_STRING=f"code={code}")
    assert answer.json["error"] == "invalid_request"


def test_repeated_parameters_are_refused(world: TokenWorld, portal: Registered) -> None:
    body = "grant_type=client_credentials&grant_type=client_credentials"
    assert world.post("/token", body, portal.basic).json["error"] == "invalid_request"


def test_basic_and_body_credentials_together_are_refused(world: TokenWorld, portal: Registered) -> None:
    body = {"grant_type": "client_credentials", "client_id": portal.client.client_id, "client_secret": portal.secret}
    assert world.post("/token", body, portal.basic).json["error"] == "invalid_request"


def test_basic_header_that_is_not_utf8_is_no_server_error(world: TokenWorld) -> None:
    assert world.post("/token", {"grant_type": "client_credentials"}, "Basic //79/A==").status == 401


def test_attributes_cannot_overwrite_issuer_and_audience(
    world: TokenWorld, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.add_client(userinfo_signed_response_alg="ES256")
    monkeypatch.setattr(world.wiring.claims, "released", lambda *_: {"iss": "x", "aud": "x", "sub": "x"})
    tokens = world.tokens(client, session, id_claims=1)
    signed = world.verified(world.userinfo(tokens["access_token"]).body.decode(), required="sub")
    for claims in (world.verified(tokens["id_token"]), signed):
        assert "x" not in {claims["iss"], claims["aud"], claims["sub"]}


def test_auth_time_is_not_now(world: TokenWorld, portal: Registered, session: Session) -> None:
    world.clock.advance(500)
    tokens = world.tokens(portal, session)
    for token, typ in ((tokens["id_token"], "jwt"), (tokens["access_token"], "at+jwt")):
        assert world.verified(token, typ)["auth_time"] == session.auth_time


def test_no_token_code_or_secret_reaches_a_log(
    world: TokenWorld, portal: Registered, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    code = world.code(portal, session)
    tokens = world.redeem(portal, code).json
    world.redeem(portal, code)
    world.refresh(portal, tokens["refresh_token"])
    world.userinfo(tokens["access_token"])
    world.post("/token", {"grant_type": "client_credentials"}, basic(portal.client.client_id, "wrong-secret-" * 3))
    assert caplog.text
    for secret in (
        code,
        portal.secret,
        "wrong-secret",
        *(tokens[name] for name in ("access_token", "refresh_token", "id_token")),
    ):
        assert secret not in caplog.text
