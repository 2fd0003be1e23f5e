"""An event token says when and about whom, and passes for no other token of ours."""

from __future__ import annotations

import pytest

from policies.signals import CREDENTIAL_CHANGE
from tests.support.shared_signals import Department, task
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.whole_app import WholeApp


@pytest.fixture
def health(world: TokenWorld) -> Department:
    """Return a department that listens."""
    return Department(world, WholeApp(world))


def event(world: TokenWorld, health: Department) -> str:
    """Return the event token of a changed password."""
    account = world.add_person(61)
    world.tokens(health.system, world.sign_in(account))
    stream = health.listen()
    world.clock.advance(1)
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ 72", actor=f"account:{account}")
    world.wiring.audit_tree.sequence()
    world.clock.advance(5)
    task(world, "signals")
    (token,) = health.poll(stream)["sets"].values()
    return str(token)


@pytest.mark.spec("OpenID CAEP", "3.3.1")
@pytest.mark.spec("RFC 8417", "1.2")
@pytest.mark.spec("RFC 8417", "2")
@pytest.mark.spec("RFC 8417", "2.2")
@pytest.mark.spec("OpenID CAEP", "2")
def test_an_event_token_has_an_id_and_the_moment_of_what_happened(world: TokenWorld, health: Department) -> None:
    before = world.clock.now()
    claims = world.verified(event(world, health), "secevent+jwt", "iat")
    assert claims["iss"] == ISSUER
    assert claims["jti"]
    assert list(claims["events"]) == [CREDENTIAL_CHANGE], "one logical event"
    assert isinstance(claims["events"][CREDENTIAL_CHANGE], dict)
    assert claims["events"][CREDENTIAL_CHANGE]["event_timestamp"] == before + 1
    assert claims["iat"] >= before + 6


@pytest.mark.spec("RFC 8725", "2.8")
@pytest.mark.spec("RFC 8417", "4.1")
@pytest.mark.spec("RFC 8417", "4.2")
def test_an_event_token_is_no_hint_no_access_token_and_no_assertion(world: TokenWorld, health: Department) -> None:
    token = event(world, health)
    assert "exp" not in world.verified(token, "secevent+jwt", "iat"), "without an end nobody takes it for an ID token"
    assert world.userinfo(token).status == 401
    assert world.introspect(health.system, token).json == {"active": False}
    assert world.refresh(health.system, token).json["error"] == "invalid_grant"
    hinted = health.app.call("GET", f"/end_session?id_token_hint={token}")
    assert hinted.status == 200, "the person is asked: a token that is no hint proves nothing"
    assert world.events("session:sign-out", outcome="done") == []


@pytest.mark.spec("OpenID Shared Signals", "4.1.8")
def test_an_act_has_one_name_in_the_streams_of_a_department_and_another_at_another(
    world: TokenWorld, health: Department
) -> None:
    account, school = world.add_person(62), Department(world, health.app)
    for one in (health, school):
        world.tokens(one.system, world.sign_in(account))
    streams = [(health, health.listen()), (health, health.listen()), (school, school.listen())]
    world.clock.advance(1)
    world.wiring.credentials.set_password(account, "một mật khẩu đủ dài và lạ 72", actor=f"account:{account}")
    heard = [one.heard(stream) for one, stream in streams]
    (first,), (second,), (elsewhere,) = heard
    assert len({first["jti"], second["jti"], elsewhere["jti"]}) == 3
    assert first["txn"] == second["txn"] != elsewhere["txn"], (
        "a shared name would tell two departments that they know one person"
    )
