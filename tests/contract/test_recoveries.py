"""Recoveries over each database: proofs, cooling off, two persons, and what is left of the account."""

from __future__ import annotations

from collections import Counter

import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused, Throttled
from idp.model.audit import Event
from idp.model.notice import Detail, Topic
from idp.model.outbox import OutboxMessage
from idp.ports.audit import AuditQuery
from idp.ports.notices import NOTHING
from idp.services.locks import Ground, ground
from idp.storage.tables import credentials, known_devices, recoveries
from policies import assurance
from policies.locks import Reason
from policies.recovery import Path
from tests.protocol.conftest import each_world
from tests.support.recovering import EVIDENCE, NEW, OLD, ORIGIN, Forgetful, forgetful
from tests.support.stores import in_parallel, insert, stored
from tests.support.token_world import TokenWorld

__all__ = ["each_world"]


class Told:
    """Remembers what people were told."""

    def __init__(self) -> None:
        self.of: list[tuple[Topic, Detail]] = []

    def prepare(self, _account_id: str, _topic: Topic, _detail: Detail = NOTHING) -> list[OutboxMessage]:
        return []

    def tell(self, _account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        self.of.append((topic, detail))


CLERK, COLLEAGUE = "account:clerk", "account:colleague"
DAY = 86400


@pytest.fixture
def person(each_world: TokenWorld) -> Forgetful:
    return forgetful(each_world)


def events(person: Forgetful, event: Event) -> list[tuple[object, object]]:
    rows = person.world.wiring.audit.search(AuditQuery(events=(event.value,)))
    return [(row["outcome"], row["reason"]) for row in rows]


def test_recovery_from_afar_waits_and_then_leaves_a_new_password_only(person: Forgetful) -> None:
    wiring = person.world.wiring
    _session, secret = wiring.sessions.start(person.account_id, assurance.LOA_1, ("pwd",), ORIGIN)
    wiring.devices.recognise(person.account_id, None, ORIGIN)
    begun = person.ask()
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            person.activate(begun.activation_code)
        assert caught.value.code == "cooling_off"
    assert wiring.sessions.of_cookie(secret) is not None
    person.world.clock.advance(DAY)
    person.activate(begun.activation_code)
    assert wiring.sessions.of_cookie(secret) is None
    assert not wiring.credentials.verify_password(person.account_id, OLD).ok
    assert wiring.credentials.verify_password(person.account_id, NEW).ok
    assert wiring.factors.of(person.account_id) == {"password"}
    assert stored(person.world.database, known_devices) == []
    assert ("done", "remote") in events(person, Event.RECOVERY_FINISH)


def test_recovered_account_reaches_one_factor_until_a_second_is_enrolled_anew(person: Forgetful) -> None:
    wiring = person.world.wiring
    begun = person.at_counter()
    person.activate(begun.activation_code)
    session, _ = wiring.sessions.start(person.account_id, assurance.LOA_1, ("pwd",), ORIGIN)
    assert wiring.sign_in.reachable(session) == assurance.LOA_1
    person.world.clock.advance(30)
    wiring.credentials.enrol_totp(person.account_id)
    assert wiring.sign_in.reachable(session) == assurance.LOA_2


def test_factor_from_before_the_recovery_counts_for_nothing_even_if_it_came_back(person: Forgetful) -> None:
    wiring, world = person.world.wiring, person.world
    (old,) = stored(world.database, credentials, account_id=person.account_id, kind="totp")
    begun = person.at_counter()
    person.world.clock.advance(60)
    person.activate(begun.activation_code)
    # As when a backup, or a factor that this product does not keep itself, brings it back.
    insert(world.database, credentials, **old)
    assert "totp" not in wiring.factors.of(person.account_id)
    with pytest.raises(Refused) as caught:
        wiring.factors.prove("totp", person.account_id, person.otp(), "x")
    assert caught.value.code == "before_recovery"


@pytest.mark.parametrize("wrong", ["recovery_code", "otp", "both"])
def test_one_proof_alone_begins_nothing_and_is_not_told_from_an_unknown_code(person: Forgetful, wrong: str) -> None:
    code = "AAAA-BBBB-CCCC-DDDD" if wrong != "otp" else None
    otp = "000000" if wrong != "recovery_code" else None
    with pytest.raises(Refused) as caught:
        person.ask(code, otp)
    person.code = "049499999999"
    with pytest.raises(Refused) as unknown:
        person.ask()
    assert caught.value.code == unknown.value.code == "not_verified"
    assert stored(person.world.database, recoveries) == []
    assert events(person, Event.RECOVERY_START)[0] == ("refused", "unknown_code")


def test_wrong_app_code_does_not_cost_the_printed_one(person: Forgetful) -> None:
    with pytest.raises(Refused):
        person.ask(otp="000000")
    assert person.ask().row.path == "remote"


def test_tries_are_counted_apart_from_sign_ins(person: Forgetful) -> None:
    wiring = person.world.wiring
    for _ in range(5):
        with pytest.raises(Refused):
            person.ask("AAAA-BBBB-CCCC-DDDD", "000000")
    with pytest.raises(Throttled):
        person.ask()
    assert wiring.sign_in_throttle.begin(f"account:{person.account_id}", ORIGIN.address).tries == 1
    assert events(person, Event.RECOVERY_START)[0] == ("refused", "throttled")


def test_sixty_four_uses_of_one_printed_code_begin_one_recovery(person: Forgetful) -> None:
    person.world.wiring.recovery_throttle._enabled = False
    otp = person.otp()

    def act(_number: int) -> str:
        try:
            return person.ask(otp=otp).row.path
        except Refused as error:
            return error.code

    outcomes = Counter(in_parallel(person.world.database, 64, act))
    assert outcomes == {"remote": 1, "not_verified": 63}
    assert len(stored(person.world.database, recoveries)) == 1


def test_activation_code_is_used_once_however_many_try(person: Forgetful) -> None:
    person.world.wiring.recovery_throttle._enabled = False
    begun = person.at_counter()

    def act(number: int) -> str:
        try:
            person.activate(begun.activation_code, f"{NEW} {number}")
        except (Refused, Conflict) as error:
            return error.code
        return "done"

    assert Counter(in_parallel(person.world.database, 8, act)) == {"done": 1, "not_verified": 7}


def test_clerk_alone_recovers_nothing(person: Forgetful) -> None:
    begun = person.at_counter(CLERK)
    with pytest.raises(Refused) as caught:
        person.activate(begun.activation_code)
    assert caught.value.code == "not_approved"
    for nobody in (CLERK, ""):
        with pytest.raises(Refused) as alone:
            person.world.wiring.recoveries.approve(begun.row.id, nobody)
        assert alone.value.code == "oneself"
    person.world.wiring.recoveries.approve(begun.row.id, COLLEAGUE)
    with pytest.raises(Conflict):
        person.world.wiring.recoveries.approve(begun.row.id, COLLEAGUE)
    person.activate(begun.activation_code)
    (row,) = stored(person.world.database, recoveries)
    assert (row["started_by"], row["approved_by"], row["evidence"]) == (CLERK, COLLEAGUE, EVIDENCE)
    assert row["end_reason"] == "done"


def test_owner_cancels_with_the_code_of_the_notice_and_nobody_else_does(person: Forgetful) -> None:
    wiring, told = person.world.wiring, Told()
    wiring.recoveries._notices = told
    begun = person.ask()
    ((topic, detail),) = told.of
    assert topic == Topic.RECOVERY_STARTED
    with pytest.raises(Refused):
        wiring.recovery_flow.cancel(person.code, "WRONGONE", ORIGIN, "CASE")
    with pytest.raises(Refused):
        wiring.recovery_flow.cancel("049499999999", detail.code, ORIGIN, "CASE")
    wiring.recovery_flow.cancel(person.code, f" {detail.code.lower()} ", ORIGIN, "CASE")
    person.world.clock.advance(DAY)
    with pytest.raises(Refused):
        person.activate(begun.activation_code)
    assert wiring.credentials.verify_password(person.account_id, OLD).ok
    assert events(person, Event.RECOVERY_CANCEL)[0] == ("done", "cancelled_by_code")


def test_what_was_cancelled_is_not_begun_anew_from_afar_for_a_day(person: Forgetful) -> None:
    recoveries_of = person.world.wiring.recoveries
    person.at_counter()
    recoveries_of.cancel(person.account_id, actor="operator:local", reason="nhầm người")
    person.ask(person.sheet[1])
    recoveries_of.cancel(person.account_id, actor="anonymous", reason="cancelled_by_code")
    person.world.clock.advance(DAY - 1)
    with pytest.raises(Refused):
        person.ask(person.sheet[2])
    assert events(person, Event.RECOVERY_START)[0] == ("refused", "cancelled_before")
    recoveries_of.cancel(person.at_counter().row.account_id, actor="operator:local", reason="nhầm người")
    person.world.clock.advance(1)
    # The printed code was not used up by what was refused.
    assert person.ask(person.sheet[2]).row.path == "remote"


def test_one_that_is_cancelled_was_none_whatever_reason_is_written_down(person: Forgetful) -> None:
    wiring = person.world.wiring
    person.ask()
    wiring.recoveries.cancel(person.account_id, actor="operator:local", reason="done")
    assert wiring.recoveries.recovered_at(person.account_id) == 0, "else no factor from before would count"
    assert events(person, Event.RECOVERY_CANCEL)[0] == ("done", "done")


def test_counter_takes_the_place_of_a_recovery_from_afar_and_not_the_reverse(person: Forgetful) -> None:
    remote = person.ask()
    person.world.clock.advance(60)
    with pytest.raises(Refused):
        person.ask(person.sheet[1])
    counter = person.at_counter()
    person.world.clock.advance(DAY - 61)
    with pytest.raises(Refused):
        person.activate(remote.activation_code)
    person.activate(counter.activation_code)
    assert {row["end_reason"] for row in stored(person.world.database, recoveries)} == {"superseded", "done"}


def test_code_that_ran_out_opens_nothing_and_another_recovery_can_begin(person: Forgetful) -> None:
    begun = person.ask()
    person.world.clock.advance(3 * DAY)
    with pytest.raises(Refused):
        person.activate(begun.activation_code)
    assert person.ask(person.sheet[1]).row.path == "remote"


def test_account_that_was_locked_meanwhile_stays_locked(person: Forgetful) -> None:
    begun = person.at_counter()
    person.world.wiring.locks.lock(person.account_id, ground("security"))
    with pytest.raises(Refused):
        person.activate(begun.activation_code)
    assert person.world.wiring.credentials.verify_password(person.account_id, OLD).ok
    with pytest.raises(Refused):
        person.at_counter()


def test_locked_sign_in_opens_with_the_recovery(person: Forgetful) -> None:
    locks = person.world.wiring.locks
    locks.lock(person.account_id, Ground(Reason.NOT_ME), actor="system")
    locks.lock(person.account_id, Ground(Reason.FAILED_TRIES), actor="system")
    begun = person.at_counter()
    person.activate(begun.activation_code)
    assert not locks.closes_sign_in(person.account_id)


def test_password_that_breaks_a_rule_leaves_the_code_good(person: Forgetful) -> None:
    begun = person.at_counter()
    with pytest.raises(InvalidInput):
        person.activate(begun.activation_code, "ngắn")
    person.activate(begun.activation_code)


def test_counter_wants_evidence_and_an_account(person: Forgetful) -> None:
    service = person.world.wiring.recoveries
    with pytest.raises(InvalidInput):
        service.begin(person.account_id, Path.COUNTER, evidence=" ")
    with pytest.raises(NotFound):
        service.begin("nobody", Path.COUNTER, evidence=EVIDENCE)


def test_staff_come_to_the_counter(person: Forgetful) -> None:
    class All:
        def is_staff(self, _account_id: str) -> bool:
            return True

    person.world.wiring.recoveries._staff = All()
    with pytest.raises(Refused):
        person.ask()
    assert events(person, Event.RECOVERY_START) == [("refused", "staff_in_person")]
    # The printed code was not used up by a recovery that could not be.
    sheet = person.world.wiring.recovery_codes.state(person.account_id)
    assert sheet is not None
    assert sheet.left == 10
    assert person.at_counter().row.path == "counter"


def test_codes_are_kept_as_digests_and_told_to_no_log(person: Forgetful) -> None:
    begun = person.ask()
    (row,) = stored(person.world.database, recoveries)
    plain = begun.activation_code.replace("-", "")
    everything = str(row) + str(person.world.wiring.audit.search(AuditQuery()))
    assert plain not in everything
    assert begun.activation_code not in everything
