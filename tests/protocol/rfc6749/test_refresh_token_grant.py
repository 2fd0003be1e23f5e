"""The refresh grant: every token once, a bounded grace for a lost answer, and the family's death at a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.model.session import Session
from idp.ports.sessions import ConsentState
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import grants
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld

OFFLINE = "openid email offline_access"


@pytest.fixture
def strict(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment without a grace."""
    return TokenWorld(tmp_path, sqlite_database, clock, refresh_grace=0)


def reasons(world: TokenWorld) -> list[str]:
    """Return the reasons of all refusals."""
    return [row["reason"] for row in world.events("token:request", outcome="refused")]


@pytest.mark.spec("RFC 9700", "2.2.2")
@pytest.mark.spec("RFC 9700", "4.14.2")
def test_refresh_gives_new_tokens_and_another_refresh_token(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    first = world.tokens(portal, session)
    second = world.refresh(portal, first["refresh_token"])
    assert second.status == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    assert second.json["access_token"] != first["access_token"]
    assert second.json["scope"] == first["scope"]
    assert world.userinfo(second.json["access_token"]).status == 200
    third = world.refresh(portal, second.json["refresh_token"])
    assert third.status == 200
    assert stored(world.database, grants)[0]["generation"] == 3
    events = world.events("token:refresh_token")
    assert [event["outcome"] for event in events] == ["done", "done"]
    assert {event["client_id"] for event in events} == {portal.client.client_id}


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_replay_after_the_grace_revokes_the_family(world: TokenWorld, portal: Registered, session: Session) -> None:
    first = world.tokens(portal, session)
    second = world.refresh(portal, first["refresh_token"]).json
    world.clock.advance(31)
    assert world.refresh(portal, first["refresh_token"]).json["error"] == "invalid_grant"
    assert world.refresh(portal, second["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(second["access_token"]).status == 401
    assert world.userinfo(first["access_token"]).status == 401
    assert reasons(world) == ["refresh_replayed", "refresh_unknown"]
    assert stored(world.database, grants)[0]["revoke_reason"] == "replay"
    assert len(world.events("token:replay")) == 1


def test_client_that_lost_the_answer_gets_the_same_successor_once(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    first = world.tokens(portal, session)["refresh_token"]
    lost = world.refresh(portal, first).json
    world.clock.advance(30)
    again = world.refresh(portal, first).json
    assert again["refresh_token"] == lost["refresh_token"]
    assert again["access_token"] != lost["access_token"]
    assert world.userinfo(again["access_token"]).status == 200
    assert world.refresh(portal, again["refresh_token"]).status == 200


def test_grace_is_spent_by_its_use(world: TokenWorld, portal: Registered, session: Session) -> None:
    first = world.tokens(portal, session)["refresh_token"]
    successor = world.refresh(portal, first).json["refresh_token"]
    assert world.refresh(portal, first).status == 200
    assert world.refresh(portal, first).json["error"] == "invalid_grant"
    assert world.refresh(portal, successor).json["error"] == "invalid_grant"
    assert reasons(world)[0] == "refresh_replayed"


def test_grace_ends_when_the_successor_was_used(world: TokenWorld, portal: Registered, session: Session) -> None:
    first = world.tokens(portal, session)["refresh_token"]
    successor = world.refresh(portal, first).json["refresh_token"]
    newest = world.refresh(portal, successor).json["refresh_token"]
    assert world.refresh(portal, first).json["error"] == "invalid_grant"
    assert world.refresh(portal, newest).json["error"] == "invalid_grant"
    assert reasons(world)[0] == "refresh_replayed"


def test_each_rotation_has_a_grace_of_its_own(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    for _ in range(3):
        world.refresh(portal, token)
        token, before = world.refresh(portal, token).json["refresh_token"], token
        assert token != before


def test_without_a_grace_the_second_use_is_a_replay(strict: TokenWorld) -> None:
    client, session = strict.add_client(), strict.sign_in(strict.add_person())
    first = strict.tokens(client, session)["refresh_token"]
    second = strict.refresh(client, first).json["refresh_token"]
    assert strict.refresh(client, first).json["error"] == "invalid_grant"
    assert strict.refresh(client, second).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9068", "2.2.3")
@pytest.mark.spec("RFC 6749", "6")
def test_scope_may_be_narrowed_for_one_access_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    first = world.tokens(portal, session)
    narrow = world.refresh(portal, first["refresh_token"], scope="openid").json
    assert narrow["scope"] == "openid"
    assert world.verified(narrow["access_token"], "at+jwt")["scope"] == "openid"
    assert "email" not in world.userinfo(narrow["access_token"]).json
    full = world.refresh(portal, narrow["refresh_token"], scope="email openid").json
    assert set(full["scope"].split(" ")) == {"openid", "email"}, "all of it is no more than was granted"
    full = world.refresh(portal, full["refresh_token"]).json
    assert full["scope"] == "openid email"
    assert world.userinfo(full["access_token"]).json["email"] == "mau@example.vn"


@pytest.mark.spec("RFC 6749", "6")
@pytest.mark.parametrize("scope", ["openid", "openid identity"])
def test_whose_refresh_token_it_is_comes_before_what_is_asked_with_it(
    world: TokenWorld, portal: Registered, session: Session, scope: str
) -> None:
    """A stranger must not find out by ``invalid_scope`` what another client's token may do."""
    token = world.tokens(portal, session)["refresh_token"]
    for one in (token, "rt_made-up", token[:-1]):
        answer = world.refresh(world.add_client(), one, scope=scope)
        assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
        assert world.events("token:request")[-1]["reason"] == "refresh_unknown"
    assert world.refresh(portal, token, scope="openid").status == 200


@pytest.mark.spec("RFC 9700", "4.14.2")
@pytest.mark.spec("RFC 6749", "6")
def test_scope_is_never_widened_and_the_attempt_costs_nothing(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    for scope in ("openid email identity", "identity", "openid  email", "openid email offline_access"):
        assert world.refresh(portal, token, scope=scope).json["error"] == "invalid_scope"
    assert world.refresh(portal, token).status == 200


def test_scope_is_not_widened_within_the_grace_either(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    world.refresh(portal, token)
    assert world.refresh(portal, token, scope="openid identity").json["error"] == "invalid_scope"
    assert world.refresh(portal, token, scope="openid").json["scope"] == "openid"


@pytest.mark.spec("OIDC Core", "12.1")
@pytest.mark.spec("RFC 6749", "6")
def test_refresh_token_of_another_client_is_refused_and_lives_on(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    other, token = world.add_client(), world.tokens(portal, session)["refresh_token"]
    assert world.refresh(other, token).json["error"] == "invalid_grant"
    assert world.refresh(other, token, scope="openid").json["error"] == "invalid_grant"
    successor = world.refresh(portal, token).json["refresh_token"]
    assert world.refresh(other, token).json["error"] == "invalid_grant"
    assert world.refresh(portal, successor).status == 200


@pytest.mark.spec("OIDC Core", "12.1")
@pytest.mark.spec("RFC 6749", "6")
@pytest.mark.parametrize("token", ["x", "rt_", "rt_" + "A" * 83, "rt_" + "!" * 83, "rt_" + "A" * 500, "rt_ü"])
def test_text_that_is_no_refresh_token_is_an_invalid_grant(world: TokenWorld, portal: Registered, token: str) -> None:
    answer = world.refresh(portal, token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.spec("OIDC Core", "12.1")
@pytest.mark.spec("RFC 9700", "4.14.2")
@pytest.mark.spec("RFC 6749", "6")
@pytest.mark.spec("RFC 6749", "10.4")
def test_forged_generation_is_refused_and_harms_nothing(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    for position in range(3, len(token), 7):
        forged = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        assert world.refresh(portal, forged).json["error"] == "invalid_grant"
    assert world.refresh(portal, token).status == 200
    assert world.events("token:replay") == []


@pytest.mark.spec("OIDC Core", "11")
def test_family_without_offline_access_ends_with_the_sign_out(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    tokens = world.tokens(portal, session)
    world.wiring.sessions.end(session, "sign_out", f"account:{session.account_id}")
    assert world.refresh(portal, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(tokens["access_token"]).status == 401


@pytest.mark.spec("OIDC Core", "11")
def test_family_with_offline_access_outlives_the_sign_out(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    tokens = world.tokens(portal, session, OFFLINE)
    world.wiring.sessions.end(session, "sign_out", f"account:{session.account_id}")
    assert world.refresh(portal, tokens["refresh_token"]).status == 200
    assert world.userinfo(tokens["access_token"]).status == 200


@pytest.mark.spec("OIDC Core", "11")
def test_session_that_runs_out_takes_the_family_without_offline_access_with_it(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    bound = world.tokens(portal, session)["refresh_token"]
    offline = world.tokens(portal, session, OFFLINE)["refresh_token"]
    world.clock.advance(session.expires_at - world.clock.now())
    assert world.refresh(portal, bound).json["error"] == "invalid_grant"
    assert world.refresh(portal, offline).status == 200
    assert world.events("token:replay") == []


def test_family_ends_at_its_time_however_often_it_was_refreshed(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session, OFFLINE)["refresh_token"]
    for days in (10, 10, 9):
        world.clock.advance(days * 86400)
        token = world.refresh(portal, token).json["refresh_token"]
    world.clock.advance(86400)
    assert world.refresh(portal, token).json["error"] == "invalid_grant"


def test_lock_of_the_account_stops_refreshing_until_it_is_lifted(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    tokens = world.tokens(portal, session, OFFLINE)
    world.wiring.accounts.change_state(session.account_id, "locked", reason="own_request")
    assert world.refresh(portal, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(tokens["access_token"]).status == 401
    assert world.introspect(portal, tokens["access_token"]).json == {"active": False}
    assert world.events("token:replay") == []


def test_withdrawn_consent_ends_the_family(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session, OFFLINE)
    account, client = session.account_id, portal.client.client_id
    world.wiring.consents.give(account, client, session.id, ConsentState("consent", "openid", 1, 0, "1"))
    world.wiring.consents.withdraw(account, client, actor=f"account:{account}", reason="own")
    assert world.refresh(portal, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(tokens["access_token"]).status == 401


def test_suspended_client_gets_nothing_more(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    world.another().wiring.clients.set_state(portal.client.client_id, "suspended")
    assert world.refresh(portal, tokens["refresh_token"]).json["error"] == "invalid_client"
    assert world.userinfo(tokens["access_token"]).status == 401


def test_any_process_knows_every_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    elsewhere = world.another()
    successor = elsewhere.refresh(portal, token).json["refresh_token"]
    assert world.refresh(portal, successor).status == 200


@pytest.mark.spec("OIDC Core", "12.2")
def test_id_token_of_a_refresh_keeps_the_sign_in_and_has_no_nonce(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    first = world.tokens(portal, session)
    world.clock.advance(120)
    second = world.refresh(portal, first["refresh_token"]).json
    old, new = (world.verified(one["id_token"]) for one in (first, second))
    for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid"):
        assert new[name] == old[name]
    assert new["iat"] == old["iat"] + 120
    assert "nonce" not in new


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_family_that_nobody_used_for_long_has_ended_and_use_keeps_it_alive(world: TokenWorld, session: Session) -> None:
    portal = world.add_client(refresh_token_idle=86400)
    token = world.tokens(portal, session, OFFLINE)["refresh_token"]
    for _ in range(3):
        world.clock.advance(86399)
        assert world.introspect(portal, token).json["active"] is True
        token = world.refresh(portal, token).json["refresh_token"]
    world.clock.advance(86400)
    assert world.introspect(portal, token).json == {"active": False}
    answer = world.refresh(portal, token)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert stored(world.database, grants)[0]["revoked_at"] is None, "disuse is no replay"


@pytest.mark.parametrize(("of_client", "lives"), [(None, 3600), (7200, 3600), (600, 600)])
def test_a_client_may_shorten_the_idle_time_and_never_lengthen_it(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, of_client: int | None, lives: int
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock, lifetimes={"refresh_idle": 3600})
    portal = world.add_client(refresh_token_idle=of_client)
    session = world.sign_in(world.add_person())
    first, second = (world.tokens(portal, session, OFFLINE)["refresh_token"] for _ in range(2))
    world.clock.advance(lives - 1)
    assert world.refresh(portal, first).status == 200
    world.clock.advance(1)
    assert world.refresh(portal, second).json["error"] == "invalid_grant"
