"""A sign-in that was somebody else's, over each database: who is shut out, and who goes on."""

from __future__ import annotations

from typing import Any

import pytest

from idp.errors import NotFound, Refused, Throttled
from idp.model.audit import Event
from idp.model.session import Origin, Session
from idp.ports.audit import AuditQuery
from idp.storage.tables import account_locks, grants
from policies import assurance
from policies.locks import Reason
from tests.protocol.conftest import each_world
from tests.support.recovering import NEW, OLD, ORIGIN, Forgetful, forgetful
from tests.support.stores import stored

__all__ = ["each_world"]

THIEF = Origin("198.51.100.9", "lạ")


@pytest.fixture
def person(each_world) -> Forgetful:
    return forgetful(each_world)


class Scene:
    """The person in a browser that is known, and a thief who has signed in with the password."""

    def __init__(self, person: Forgetful) -> None:
        self.wiring, self.id = person.world.wiring, person.account_id
        self.thief, self.thief_secret = self.start(THIEF)
        self.thief_device = self.wiring.devices.recognise(self.id, None, THIEF).secret
        person.world.clock.advance(600)
        self.own, self.own_secret = self.start(ORIGIN)
        self.device = self.wiring.devices.recognise(self.id, None, ORIGIN).secret

    def start(self, origin: Origin) -> tuple[Session, str]:
        return self.wiring.sessions.start(self.id, assurance.LOA_2, ("pwd", "otp", "mfa"), origin)

    def record(self, session: Session) -> str:
        rows = self.wiring.audit.search(AuditQuery(account_id=self.id, events=(Event.SIGN_IN.value,)))
        return next(str(row["id"]) for row in rows if row["session_id"] == session.id)

    def may_try(self, person: Forgetful, device: str | None) -> bool:
        typed = self.wiring.accounts.typed(person.code)
        return self.wiring.sign_in_guard.begin(typed, "203.0.113.1", device).is_open


def test_thief_is_shut_out_and_the_person_goes_on_in_the_browser_in_hand(person: Forgetful) -> None:
    scene = Scene(person)
    assert scene.wiring.not_me.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    assert scene.wiring.sessions.of_cookie(scene.thief_secret) is None
    assert scene.wiring.sessions.of_cookie(scene.own_secret) is not None
    assert [one.is_this for one in scene.wiring.devices.of_account(scene.id, scene.device)] == [True]
    # The thief knows the password, and it opens nothing: not on his device, which was known, nor on a new one.
    assert not scene.may_try(person, scene.thief_device)
    assert not scene.may_try(person, None)
    assert scene.may_try(person, scene.device)
    check = scene.wiring.credentials.verify_password(scene.id, OLD)
    assert (check.ok, check.must_change) == (True, True)
    (event,) = scene.wiring.audit.search(AuditQuery(events=(Event.NOT_ME.value,)))
    detail: Any = event["detail"]
    assert (event["session_id"], detail["sessions"], detail["devices"]) == (scene.thief.id, 1, 1)


def test_new_password_opens_the_sign_in_again_everywhere(person: Forgetful) -> None:
    scene = Scene(person)
    scene.wiring.not_me.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    scene.wiring.credentials.set_password(scene.id, NEW, actor=f"account:{scene.id}")
    assert scene.may_try(person, None)
    (row,) = stored(person.world.database, account_locks)
    assert (row["reason_code"], row["end_reason"]) == (Reason.NOT_ME, "password_changed")
    assert not scene.wiring.credentials.verify_password(scene.id, OLD).ok


def test_what_was_added_since_the_sign_in_in_question_is_put_before_the_person(person: Forgetful) -> None:
    scene = Scene(person)
    flow = scene.wiring.not_me
    row = flow.find(scene.id, scene.record(scene.own))
    assert flow.added_since(scene.id, row) == ()
    scene.wiring.recovery_codes.renew(scene.id, actor=f"account:{scene.id}")
    assert flow.added_since(scene.id, row) == ("recovery_code",)
    flow.report(scene.own, scene.record(scene.own), scene.device, "CASE")
    (event,) = scene.wiring.audit.search(AuditQuery(events=(Event.NOT_ME.value,)))
    detail: Any = event["detail"]
    assert detail["added"] == 1


def test_a_recovery_from_afar_that_waits_ends_with_it_and_one_at_a_counter_goes_on(person: Forgetful) -> None:
    scene, flow = Scene(person), person.world.wiring.not_me
    begun = person.ask()
    assert flow.recovery_waits(scene.id)
    flow.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    assert scene.wiring.recoveries.live(scene.id) is None
    person.world.clock.advance(86400)
    with pytest.raises(Refused):
        person.activate(begun.activation_code)
    (event,) = scene.wiring.audit.search(AuditQuery(events=(Event.RECOVERY_CANCEL.value,)))
    assert (event["actor"], event["reason"]) == (f"account:{scene.id}", "not_me")
    person.at_counter()
    assert not flow.recovery_waits(scene.id)
    flow.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    assert scene.wiring.recoveries.live(scene.id) is not None


def test_session_in_hand_ends_too_where_it_is_the_one_in_question(person: Forgetful) -> None:
    scene = Scene(person)
    scene.wiring.not_me.report(scene.own, scene.record(scene.own), scene.device, "CASE")
    assert scene.wiring.sessions.of_cookie(scene.own_secret) is None


def test_what_was_issued_in_the_very_second_of_the_word_is_void_too(person: Forgetful) -> None:
    scene, world = Scene(person), person.world
    system = world.add_client()
    given = world.tokens(system, scene.own)["access_token"]
    scene.wiring.not_me.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    assert world.userinfo(given).status == 401
    world.clock.advance(1)
    assert world.userinfo(world.tokens(system, scene.own)["access_token"]).status == 200


def test_saying_it_twice_changes_nothing_more(person: Forgetful) -> None:
    scene = Scene(person)
    for _ in range(2):
        assert scene.wiring.not_me.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    assert len(stored(person.world.database, account_locks)) == 1


def test_another_persons_record_a_refused_one_and_none_are_not_found(person: Forgetful) -> None:
    scene, other = Scene(person), forgetful(person.world, 2)
    theirs = Scene(other)
    with pytest.raises(NotFound):
        scene.wiring.not_me.report(scene.own, theirs.record(theirs.own), scene.device, "CASE")
    with pytest.raises(NotFound):
        scene.wiring.not_me.find(scene.id, "nothing")
    assert stored(person.world.database, account_locks) == []
    assert stored(person.world.database, grants) == []


def test_known_device_is_still_bounded_when_it_guesses(person: Forgetful) -> None:
    scene = Scene(person)
    scene.wiring.not_me.report(scene.own, scene.record(scene.thief), scene.device, "CASE")
    for _ in range(5):
        scene.may_try(person, scene.device)
    with pytest.raises(Throttled):
        scene.may_try(person, scene.device)
