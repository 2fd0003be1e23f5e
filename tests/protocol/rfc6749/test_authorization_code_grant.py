"""The authorization code grant at the token endpoint: one use, one client, one redirect URI, one minute."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from idp.storage.tables import grants
from tests.support.stores import stored
from tests.support.token_world import NONCE, Registered, TokenWorld


def refused(world: TokenWorld, event: str = "token:request") -> list[str]:
    """Return the reasons of all refusals in the audit log."""
    return [row["reason"] for row in world.events(event, outcome="refused")]


@pytest.mark.spec("OIDC Core", "3.1.3.3")
@pytest.mark.spec("RFC 6749", "5.1")
def test_code_is_exchanged_for_tokens_that_no_cache_keeps(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    answer = world.redeem(portal, world.code(portal, session))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 600
    assert answer.json["scope"] == "openid email"
    assert {"access_token", "id_token", "refresh_token"} <= answer.json.keys()


def test_redemption_stores_one_grant_and_records_who_got_what(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    world.tokens(portal, session)
    (grant,) = stored(world.database, grants)
    assert (grant["account_id"], grant["session_id"]) == (session.account_id, session.id)
    assert (grant["generation"], grant["offline"], grant["revoked_at"]) == (1, 0, None)
    (event,) = world.events("token:authorization_code")
    assert event["outcome"] == "done"
    assert (event["account_id"], event["session_id"]) == (session.account_id, session.id)
    assert event["client_id"] == portal.client.client_id
    assert event["target"] == f"grant:{grant['id']}"


@pytest.mark.spec("RFC 9700", "4.2.4")
@pytest.mark.spec("RFC 6749", "10.5")
@pytest.mark.spec("OIDC Core", "3.1.3.2")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.spec("RFC 6749", "4.1.2")
def test_code_redeemed_twice_revokes_the_token_family(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    first = world.redeem(portal, code).json
    second = world.redeem(portal, code)
    assert (second.status, second.json["error"]) == (400, "invalid_grant")
    assert world.userinfo(first["access_token"]).status == 401
    assert world.introspect(portal, first["access_token"]).json == {"active": False}
    assert world.refresh(portal, first["refresh_token"]).json["error"] == "invalid_grant"
    assert refused(world)[0] == "code_replayed"
    (replay,) = world.events("token:replay")
    assert (replay["outcome"], replay["reason"]) == ("refused", "replay")
    assert stored(world.database, grants)[0]["revoke_reason"] == "replay"


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_replay_is_noticed_however_late_it_comes(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    first = world.redeem(portal, code).json
    world.clock.advance(300)
    assert world.redeem(portal, code).json["error"] == "invalid_grant"
    assert refused(world) == ["code_replayed"]
    assert world.userinfo(first["access_token"]).status == 401


@pytest.mark.spec("RFC 6749", "10.5")
@pytest.mark.spec("RFC 6749", "4.1.2")
def test_code_lives_a_minute(world: TokenWorld, portal: Registered, session: Session) -> None:
    early, late = world.code(portal, session), world.code(portal, session)
    world.clock.advance(59)
    assert world.redeem(portal, early).status == 200
    world.clock.advance(1)
    assert world.redeem(portal, late).json["error"] == "invalid_grant"
    assert refused(world) == ["code_expired"]


@pytest.mark.spec("RFC 6749", "4.1.2")
@pytest.mark.spec("OIDC Core", "3.1.3.2")
@pytest.mark.spec("RFC 6749", "4.1.3")
def test_code_of_another_client_is_refused_and_not_spent(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    other, code = world.add_client(), world.code(portal, session)
    assert world.redeem(other, code).json["error"] == "invalid_grant"
    assert refused(world) == ["code_of_another_client"]
    assert world.redeem(portal, code).status == 200


@pytest.mark.spec("RFC 6749", "4.1.2")
@pytest.mark.spec("RFC 6749", "10.6")
@pytest.mark.spec("OIDC Core", "3.1.3.2")
@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.parametrize("uri", ["", "https://portal.example.vn/callback/", "https://evil.example/"])
def test_redirect_uri_must_be_the_one_of_the_request(
    world: TokenWorld, portal: Registered, session: Session, uri: str
) -> None:
    code = world.code(portal, session)
    assert world.redeem(portal, code, redirect_uri=uri).json["error"] == "invalid_grant"
    assert refused(world) == ["redirect_uri_mismatch"]
    assert world.redeem(portal, code).status == 200


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "code", ["x", "A" * 100, "A" * 500, "!" * 100, "ü" * 60, "rt_" + "A" * 96, "A" * 9000, "." * 300]
)
def test_text_that_is_no_code_is_an_invalid_grant(world: TokenWorld, portal: Registered, code: str) -> None:
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert refused(world) == ["code_unknown"]


@pytest.mark.spec("RFC 6749", "4.1.3")
def test_damaged_code_is_an_invalid_grant(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    for position in (0, 10, 40, len(code) // 2, len(code) - 2):
        damaged = code[:position] + ("A" if code[position] != "A" else "B") + code[position + 1 :]
        assert world.redeem(portal, damaged).json["error"] == "invalid_grant"
    assert world.redeem(portal, code).status == 200


@pytest.mark.spec("OIDC Core", "3.1.3.4")
def test_missing_code_is_an_invalid_request(world: TokenWorld, portal: Registered) -> None:
    answer = world.redeem(portal, "")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert refused(world) == ["code_missing"]


def test_code_dies_with_the_session_it_came_from(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    world.wiring.sessions.end(session, "sign_out", f"account:{session.account_id}")
    assert world.redeem(portal, code).json["error"] == "invalid_grant"
    assert refused(world) == ["session_ended"]
    assert stored(world.database, grants) == []


def test_code_of_a_locked_account_gives_nothing(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    world.wiring.accounts.change_state(session.account_id, "locked", reason="own_request")
    assert world.redeem(portal, code).json["error"] == "invalid_grant"
    assert stored(world.database, grants) == []


def test_suspension_by_another_process_counts_at_once(world: TokenWorld, portal: Registered, session: Session) -> None:
    code = world.code(portal, session)
    world.another().wiring.clients.set_state(portal.client.client_id, "suspended")
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert refused(world) == ["client_inactive"]


@pytest.mark.spec("RFC 9700", "4.14.2")
@pytest.mark.spec("RFC 6749", "5.1")
def test_client_without_the_refresh_grant_gets_no_refresh_token(world: TokenWorld, session: Session) -> None:
    client = world.add_client(grant_types=["authorization_code"])
    tokens = world.tokens(client, session, "openid offline_access")
    assert "refresh_token" not in tokens
    assert world.userinfo(tokens["access_token"]).status == 200


@pytest.mark.spec("OIDC Core", "2")
@pytest.mark.spec("OIDC Core", "3.1.3.6")
def test_id_token_of_a_redemption_carries_the_nonce(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert world.verified(world.tokens(portal, session)["id_token"])["nonce"] == NONCE


@pytest.mark.spec("RFC 7636", "4.4")
def test_code_hides_what_it_carries(world: TokenWorld, portal: Registered, session: Session) -> None:
    first, second = world.code(portal, session), world.code(portal, session)
    assert session.account_id not in first
    assert first[:40] != second[:40]
    assert len(first) < 600
