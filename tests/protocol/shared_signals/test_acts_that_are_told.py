"""Which acts of the audit log departments hear of: those that change something for them, by what really changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from idp.model.audit import Event
from idp.services.locks import ground
from policies import signals
from policies.assurance import FACTORS
from policies.signals import (
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    CREDENTIAL_CHANGE,
    MANDATE_ENDED,
    SESSION_REVOKED,
    SIGNALS,
    Act,
    signal_of,
)
from tests.support.mandated_world import Town
from tests.support.shared_signals import Department
from tests.support.token_world import TokenWorld

OF_ACCOUNTS = [ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED]


@dataclass
class Listening:
    """A department that knows a person, and what it heard of the account."""

    department: Department
    account: str
    stream: str

    def heard(self) -> list[str]:
        events = self.department.heard(self.stream)
        self.department.poll(self.stream, ack=[one["jti"] for one in events], maxEvents=0)
        return [next(iter(one["events"])) for one in events]


@pytest.fixture
def listening(world: TokenWorld, health: Department) -> Listening:
    account = world.add_person()
    world.tokens(health.system, world.sign_in(account))
    return Listening(health, account, health.listen(events_requested=OF_ACCOUNTS))


def test_a_lock_of_the_sign_in_disables_nothing_and_its_end_enables_nothing(
    world: TokenWorld, listening: Listening
) -> None:
    locks = world.wiring.locks
    locks.lock(listening.account, ground("not_me"))
    assert listening.heard() == []
    locks.unlock(listening.account, reason="x")
    assert listening.heard() == []


@pytest.mark.spec("OpenID RISC", "2")
def test_an_account_is_told_as_enabled_when_the_last_lock_that_closes_it_ends(
    world: TokenWorld, listening: Listening
) -> None:
    locks = world.wiring.locks
    for code in ("operator", "security", "not_me"):
        locks.lock(listening.account, ground(code))
    assert listening.heard() == [ACCOUNT_DISABLED] * 2
    locks.unlock(listening.account, reason="x", code="security")
    assert listening.heard() == []
    locks.unlock(listening.account, reason="x", code="operator")
    assert listening.heard() == [ACCOUNT_ENABLED]
    locks.unlock(listening.account, reason="x", code="not_me")
    assert listening.heard() == []
    opens = [orjson.loads(row["detail"])["opens"] for row in world.events("account:unlock")]
    assert sorted(opens) == [False, False, True]


def test_a_lock_without_a_ground_and_a_restored_account_are_told(world: TokenWorld, listening: Listening) -> None:
    accounts = world.wiring.accounts
    accounts.change_state(listening.account, "locked", reason="x")
    accounts.change_state(listening.account, "active", reason="x")
    assert listening.heard() == [ACCOUNT_DISABLED, ACCOUNT_ENABLED]
    accounts.change_state(listening.account, "closed", reason="x")
    accounts.restore(listening.account, reason="x")
    assert listening.heard() == [ACCOUNT_PURGED, ACCOUNT_ENABLED]


@pytest.mark.parametrize(
    ("event", "detail", "told"),
    [
        (Event.ACCOUNT_LOCK, {}, True),
        (Event.ACCOUNT_LOCK, {"scope": "account"}, True),
        (Event.ACCOUNT_LOCK, {"scope": "sign_in"}, False),
        (Event.ACCOUNT_UNLOCK, {}, True),
        (Event.ACCOUNT_UNLOCK, {"opens": True}, True),
        (Event.ACCOUNT_UNLOCK, {"opens": False}, False),
        (Event.ACCOUNT_RESTORE, {}, True),
    ],
)
def test_a_lock_is_told_by_what_it_does(event: Event, detail: dict[str, Any], told: bool) -> None:
    assert (signal_of(Act(event.value, "", "system", "a", detail)) is not None) is told


def test_a_recovery_is_told_as_a_new_password_by_the_person() -> None:
    signal = signal_of(Act(Event.RECOVERY_FINISH.value, "", "account:a", "a", {"path": "mail"}))
    assert signal is not None
    assert signal.type == CREDENTIAL_CHANGE
    said = {name: value for name, value in signal.said.items() if name != "reason_admin"}
    assert said == {"credential_type": "password", "change_type": "update", "initiating_entity": "user"}


@pytest.mark.spec("OpenID Shared Signals", "10.3.2")
@pytest.mark.spec("OpenID CAEP", "2")
@pytest.mark.parametrize("actor", ["account:a", "operator:local", "system", "client:c"])
@pytest.mark.parametrize(
    "event", [name for name, row in SIGNALS.items() if row[0] in (SESSION_REVOKED, CREDENTIAL_CHANGE)]
)
def test_administrators_of_a_department_read_what_happened_and_nothing_that_an_operator_wrote(
    event: str, actor: str
) -> None:
    signal = signal_of(Act(event, "lời của cán bộ", actor, "a", {"kind": "password", "note": "lời của cán bộ"}))
    assert signal is not None
    reason = signal.said["reason_admin"]
    assert isinstance(reason, dict)
    assert reason.keys() == {"vi", "en"}
    assert all(sentence.endswith(".") for sentence in reason.values())
    assert "lời của cán bộ" not in str(signal.said)


def test_the_end_of_a_mandate_names_the_mandate(world: TokenWorld) -> None:
    town = Town(world)
    mandate = town.represent()
    town.mandates.revoke(mandate.id, reason="x")
    (row,) = world.events("mandate:revoke")
    signal = signal_of(Act(row["event"], row["reason"], row["actor"], row["account_id"], orjson.loads(row["detail"])))
    assert signal is not None
    assert (signal.type, signal.said["mandate"]) == (MANDATE_ENDED, mandate.id)


@pytest.mark.spec("OpenID CAEP", "3.3.1")
def test_every_row_of_the_table_is_an_act_and_every_factor_has_its_word() -> None:
    assert set(SIGNALS) <= set(Event)
    assert signals._CREDENTIALS.keys() == FACTORS.keys()
