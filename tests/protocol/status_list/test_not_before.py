"""Not-before marks: everything that was issued earlier is void, for one client or one person, and nothing later is."""

from __future__ import annotations

import pytest

from clients.documents import to_metadata
from idp.model.session import Session
from idp.ports.sessions import ConsentState
from idp.storage.tables import grants
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor, asked


@pytest.mark.spec("RFC 7009", "2.1")
def test_mark_of_a_client_voids_what_it_got_before_and_nothing_else(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    before, own = world.tokens(portal, session), world.own_token(portal).json["access_token"]
    other = world.add_client()
    of_other = world.tokens(other, session)["access_token"]
    world.clock.advance(1)
    world.wiring.clients.set_not_before(portal.client.client_id, world.clock.now(), note="leak")
    after = world.tokens(portal, session)
    assert world.userinfo(before["access_token"]).status == 401
    assert world.introspect(portal, before["access_token"]).json == {"active": False}
    assert world.introspect(portal, before["refresh_token"]).json == {"active": False}
    assert world.introspect(portal, own).json == {"active": False}
    assert world.refresh(portal, before["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(after["access_token"]).status == 200
    assert world.refresh(portal, after["refresh_token"]).status == 200
    assert world.userinfo(of_other).status == 200
    [event] = world.events("client:not-before")
    assert (event["client_id"], event["actor"]) == (portal.client.client_id, "operator:local")


def test_mark_set_by_another_process_counts_at_once(world: TokenWorld, portal: Registered, session: Session) -> None:
    before = world.tokens(portal, session)["access_token"]
    assert world.userinfo(before).status == 200
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(portal.client.client_id, world.clock.now())
    assert world.userinfo(before).status == 401


def test_mark_never_moves_back(world: TokenWorld, portal: Registered) -> None:
    registry, client_id = world.wiring.clients, portal.client.client_id
    registry.set_not_before(client_id, 500)
    assert registry.set_not_before(client_id, 400).not_before == 500


def test_update_of_the_metadata_keeps_the_mark(world: TokenWorld, portal: Registered) -> None:
    registry, client_id = world.wiring.clients, portal.client.client_id
    registry.set_not_before(client_id, 500)
    shown = to_metadata(registry.known(client_id))
    assert "not_before" not in shown
    assert registry.update(client_id, {**shown, "client_name": "Đổi"}).not_before == 500


def test_mark_of_a_person_voids_what_was_issued_before_at_every_department(
    world: TokenWorld, portal: Registered
) -> None:
    account = world.add_person()
    session = world.sign_in(account)
    bystander = world.tokens(portal, world.sign_in(world.add_person(2)))["access_token"]
    before, elsewhere = world.tokens(portal, session), world.tokens(world.add_client(), session)
    world.clock.advance(1)
    assert world.wiring.account_marks.void_before(account, world.clock.now(), reason="stolen") == 2
    after = world.tokens(portal, session)
    assert world.userinfo(before["access_token"]).status == 401
    assert world.userinfo(elsewhere["access_token"]).status == 401
    assert world.refresh(portal, before["refresh_token"]).status == 400
    assert world.userinfo(after["access_token"]).status == 200
    assert world.userinfo(bystander).status == 200
    [event] = world.events("account:not-before", account_id=account)
    assert event["reason"] == "stolen"


@pytest.mark.spec("RFC 7009", "2.1")
def test_code_from_before_the_mark_of_its_client_is_void(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    code = world.code(portal, session)
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(portal.client.client_id, world.clock.now())
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert [row["revoke_reason"] for row in stored(world.database, grants)] == ["before_mark"]
    assert world.redeem(portal, world.code(portal, session)).status == 200


def test_code_from_before_the_mark_of_its_person_is_void(world: TokenWorld, portal: Registered) -> None:
    account = world.add_person()
    session = world.sign_in(account)
    code = world.code(portal, session)
    world.clock.advance(1)
    assert world.wiring.account_marks.void_before(account, world.clock.now(), reason="stolen") == 0
    world.wiring.account_marks.void_before(account, world.clock.now() - 500, reason="never back")
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert stored(world.database, grants) == []
    assert world.redeem(portal, world.code(portal, session)).status == 200


def test_code_from_before_a_withdrawal_is_void_and_one_after_a_new_agreement_is_not(
    world: TokenWorld, portal: Registered
) -> None:
    account = world.add_person()
    session = world.sign_in(account)
    agree(world, portal, session)
    code = world.code(portal, session)
    world.wiring.consents.withdraw(account, portal.client.client_id, actor=f"account:{account}", reason="")
    answer = world.redeem(portal, code)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    agree(world, portal, session)
    assert world.redeem(portal, world.code(portal, session)).status == 200
    world.clock.advance(1)
    agree(world, portal, session)
    assert world.redeem(portal, world.code(portal, session)).status == 200, (
        "an agreement that follows another voids nothing"
    )


def agree(world: TokenWorld, portal: Registered, session: Session) -> None:
    """Let the person of a session agree to what codes of this world carry."""
    answer = ConsentState("consent", "openid email", 0, 0, "1")
    world.wiring.consents.give(session.account_id, portal.client.client_id, session.id, answer)


def test_request_that_was_pushed_before_the_mark_is_void(world: TokenWorld, portal: Registered) -> None:
    citizen = Visitor(world, world.add_person(3))
    pushed = world.post("/par", asked(portal), portal.basic).json["request_uri"]
    world.clock.advance(1)
    world.another().wiring.clients.set_not_before(portal.client.client_id, world.clock.now())
    by_reference = {"client_id": portal.client.client_id, "request_uri": pushed}
    assert citizen.authorize(by_reference).arrived()["error"] == "invalid_request_uri"
    again = world.post("/par", asked(portal), portal.basic).json["request_uri"]
    assert citizen.authorize({**by_reference, "request_uri": again}).form == "consent-form"
