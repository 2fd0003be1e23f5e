"""Mandates over real databases, through the service: who gives, who answers, and what ends with what."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from idp import handles
from idp.errors import Conflict, NotFound, Refused
from idp.model.audit import AuditEvent, Event
from idp.model.mandate import Mandate
from idp.model.notice import Detail, Topic
from idp.model.outbox import OutboxMessage
from idp.ports.consents import Consent
from idp.ports.notices import NOTHING
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.mandate_drafts import Draft
from idp.services.mandates import MandateService
from idp.services.vault import Vault
from idp.storage.accounts import SqlAccountStore
from idp.storage.consents import SqlConsentStore
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.mandates import SqlMandateStore
from idp.storage.tables import accounts, audit_events, consents, grants, mandates, sessions
from keys.sealing import MasterKey
from tests.support.clock import START, FrozenClock
from tests.support.stores import in_parallel, insert, stored

DAY = 86_400
PEOPLE = {"an": "049499000001", "binh": "049499000002", "chi": "049499000003", "dung": "049499000004"}


class Told:
    """Notices that go nowhere."""

    def prepare(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> list[OutboxMessage]:
        return []

    def tell(self, account_id: str, topic: Topic, detail: Detail = NOTHING) -> None:
        return None


class Town:
    """A business, four people, and the services over one database."""

    def __init__(self, database: Database, audit: AuditLog, clock: FrozenClock) -> None:
        self.database, self.audit, self.clock = database, audit, clock
        vault = Vault(SqlDeploymentStore(database), MasterKey(b"\x07" * 32), clock)
        vault.ensure()
        self.accounts = AccountService(SqlAccountStore(database), vault, audit, clock)
        self.store = SqlMandateStore(database)
        self.mandates = MandateService(self.store, self.accounts, audit, clock, vault.seal("mandate"), Told())
        self.ids = {name: self.add("cccd", code, name, "1990-01-01") for name, code in PEOPLE.items()}
        self.ids["business"] = self.add("mst", "0100233488", "Công ty mẫu")
        self.ids["child"] = self.add("cccd", "049499000005", "Bé mẫu", "2199-01-01")

    def add(self, scheme: str, code: str, name: str, birthdate: str = "") -> str:
        values = {"code_type": scheme, "code": code, "name": name}
        draft = self.accounts.draft(values)
        if birthdate:
            draft = replace(draft, profile={**draft.profile, "birthdate": birthdate})
        return self.accounts.add(draft)

    def draft(self, actor: str = "an", **changes: Any) -> Draft:
        given = Draft(
            "representative", self.ids["business"], self.ids[actor], "business_registration", "số 1", may_delegate=True
        )
        return replace(given, **changes)

    def representative(self, actor: str = "an", **changes: Any) -> Mandate:
        made = self.mandates.propose(self.draft(actor, **changes), reason="register")
        return self.mandates.accept(made.id, self.ids[actor])

    def delegate(self, giver: str, actor: str, **changes: Any) -> Mandate:
        end = self.clock.now() + 30 * DAY
        given = self.draft(actor, kind="delegate", evidence_kind="internal_decision", valid_to=end, may_delegate=False)
        made = self.mandates.propose(replace(given, **changes), self.ids[giver])
        return self.mandates.accept(made.id, self.ids[actor])

    def grant(self, name: str, mandate: str, account: str = "an") -> None:
        texts = {"client_id": "portal", "session_id": "s", "sub": "x", "scope": "openid", "acr": "a", "amr": "pwd"}
        numbers = dict.fromkeys(
            ("claims", "auth_time", "created_at", "generation", "rotated_at", "grace_used", "offline"), 0
        )
        own = {"id": name, "account_id": self.ids[account], "mandate_id": mandate}
        insert(self.database, grants, **own, **texts, **numbers, expires_at=START + 3600)

    def states(self) -> dict[str, str]:
        return {row["id"]: row["state"] for row in stored(self.database, mandates)}


@pytest.fixture
def town(database: Database, audit: AuditLog, clock: FrozenClock) -> Town:
    return Town(database, audit, clock)


def test_proposed_mandate_counts_once_its_holder_accepted(town: Town) -> None:
    made = town.mandates.propose(town.draft(), reason="register")
    assert made.state == "proposed"
    assert town.mandates.usable(town.ids["an"]) == []
    assert town.mandates.live(made.id) is None
    accepted = town.mandates.accept(made.id, town.ids["an"])
    [live] = town.mandates.usable(town.ids["an"])
    assert live.mandate == accepted == town.mandates.get(made.id)
    assert (live.principal_kind, live.code_scheme) == ("organisation", "mst")
    assert town.mandates.evidence(accepted) == "số 1"
    assert town.mandates.usable(town.ids["business"]) == []


def test_evidence_is_sealed_and_every_act_is_recorded(town: Town) -> None:
    made = town.representative()
    [row] = stored(town.database, mandates)
    assert "số 1".encode() not in row["evidence"]
    rows = [one for one in stored(town.database, audit_events) if one["event"].startswith("mandate:")]
    assert [(one["event"], one["outcome"], one["target"], one["account_id"]) for one in rows] == [
        ("mandate:propose", "done", f"mandate:{made.id}", town.ids["business"]),
        ("mandate:accept", "done", f"mandate:{made.id}", town.ids["business"]),
    ]
    assert rows[1]["actor"] == f"account:{town.ids['an']}"


def test_refusals_name_their_reason_and_are_recorded(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        town.mandates.propose(town.draft(kind="parent"))
    assert refused.value.code == "principal_of_wrong_sort"
    with pytest.raises(Refused) as refused:
        town.mandates.propose(town.draft("binh", kind="delegate", evidence_kind="internal_decision"), town.ids["an"])
    assert refused.value.code == "holds_nothing"
    reasons = [row["reason"] for row in stored(town.database, audit_events, event="mandate:propose")]
    assert reasons == ["principal_of_wrong_sort", "holds_nothing"]
    assert stored(town.database, mandates) == []


def test_strangers_learn_nothing_and_answer_nothing(town: Town) -> None:
    made = town.mandates.propose(town.draft())
    for act in (town.mandates.accept, town.mandates.decline, town.mandates.revoke):
        with pytest.raises(NotFound):
            act(made.id, town.ids["binh"])
    with pytest.raises(NotFound):
        town.mandates.revoke("no-such-mandate", town.ids["an"])
    assert town.states() == {made.id: "proposed"}
    refused = [row for row in stored(town.database, audit_events) if row["outcome"] == "refused"]
    assert [row["actor"] for row in refused] == [f"account:{town.ids['binh']}"] * 3


def test_declined_is_over_for_good(town: Town) -> None:
    made = town.mandates.propose(town.draft())
    assert town.mandates.decline(made.id, town.ids["an"]).state == "declined"
    for act in (town.mandates.accept, town.mandates.revoke):
        with pytest.raises(Refused) as refused:
            act(made.id, town.ids["an"])
        assert refused.value.code == "is_declined"


def test_representative_appoints_and_what_he_gave_ends_with_him(town: Town) -> None:
    top = town.representative()
    middle = town.delegate("an", "binh", may_delegate=True)
    low = town.delegate("binh", "chi", valid_to=town.clock.now() + DAY)
    assert [(one.parent_id, one.root_id, one.depth) for one in (top, middle, low)] == [
        ("", "", 0),
        (top.id, top.id, 1),
        (middle.id, top.id, 2),
    ]
    other = town.representative("dung")
    for name, mandate in (("g1", top), ("g2", middle), ("g3", low), ("g4", other)):
        town.grant(name, mandate.id)
    town.grant("g5", "")
    town.mandates.revoke(top.id, reason="he left")
    assert town.states() == {top.id: "revoked", middle.id: "revoked", low.id: "revoked", other.id: "accepted"}
    ended = {row["id"]: row["revoke_reason"] for row in stored(town.database, grants)}
    assert ended == {"g1": "mandate_ended", "g2": "mandate_ended", "g3": "mandate_ended", "g4": None, "g5": None}
    [record] = stored(town.database, audit_events, event="mandate:revoke")
    assert (record["reason"], record["actor"]) == ("he left", "operator:local")


def test_ending_one_in_the_middle_leaves_what_is_above(town: Town) -> None:
    top = town.representative()
    middle = town.delegate("an", "binh", may_delegate=True)
    low = town.delegate("binh", "chi")
    town.mandates.revoke(middle.id, town.ids["binh"], reason="not me")
    assert town.states() == {top.id: "accepted", middle.id: "revoked", low.id: "revoked"}


def test_who_stands_above_ends_and_who_stands_beside_does_not(town: Town) -> None:
    town.representative()
    town.delegate("an", "binh", may_delegate=True)
    low = town.delegate("binh", "chi")
    beside = town.delegate("an", "dung", may_delegate=True)
    with pytest.raises(NotFound):
        town.mandates.revoke(low.id, town.ids["dung"])
    with pytest.raises(NotFound):
        town.mandates.revoke(beside.id, town.ids["chi"])
    town.mandates.revoke(low.id, town.ids["an"])
    assert town.states()[low.id] == "revoked"


def test_consents_and_a_clerks_session_end_with_the_mandate(town: Town) -> None:
    top = town.representative()
    store = SqlConsentStore(town.database)
    for number, mandate in enumerate((top.id, "")):
        record = town.audit.record(_event())
        given = Consent(
            f"c{number}", town.ids["an"], "portal", "consent", "openid", 1, 0, "v", START, mandate_id=mandate
        )
        store.give(given, record)
    found = town.store.consent(town.ids["an"], top.id, "portal")
    assert found is not None
    assert found.claims == 1
    assert town.store.consent(town.ids["an"], top.id, "other") is None
    assert town.store.consent(town.ids["binh"], top.id, "portal") is None
    helped = _assistance(town)
    town.mandates.revoke(top.id)
    town.mandates.revoke(helped)
    assert {row["id"]: row["end_reason"] for row in stored(town.database, consents)} == {
        "c0": "mandate_ended",
        "c1": None,
    }
    assert [row["end_reason"] for row in stored(town.database, sessions)] == ["mandate_ended"]


def test_nothing_counts_outside_its_dates_or_between_accounts_that_are_not_active(town: Town) -> None:
    start, end = town.clock.now() + 10, town.clock.now() + 20
    made = town.representative(valid_from=start, valid_to=end)
    assert town.mandates.live(made.id) is None
    town.clock.advance(10)
    assert town.mandates.live(made.id) is not None
    for side in ("business", "an"):
        _set_state(town, side, "locked")
        assert town.mandates.live(made.id) is None
        assert town.mandates.usable(town.ids["an"]) == []
        _set_state(town, side, "active")
    town.clock.advance(10)
    assert town.mandates.live(made.id) is None


def test_what_has_run_out_is_marked_once_with_its_grants(town: Town) -> None:
    made = town.representative(valid_to=town.clock.now() + 10)
    waiting = town.mandates.propose(town.draft("binh", valid_to=town.clock.now() + 10))
    town.grant("g1", made.id)
    assert town.mandates.expire() == 0
    town.clock.advance(10)
    with pytest.raises(Refused) as refused:
        town.mandates.accept(waiting.id, town.ids["binh"])
    assert refused.value.code == "is_expired"
    assert town.mandates.expire() == 2
    assert town.mandates.expire() == 0
    assert set(town.states().values()) == {"expired"}
    assert stored(town.database, grants)[0]["revoked_at"] == town.clock.now()
    assert len(stored(town.database, audit_events, event="mandate:expire")) == 2


def test_of_a_crowd_that_answers_one_gets_through(town: Town) -> None:
    made = town.mandates.propose(town.draft())

    def act(number: int) -> bool:
        answer = town.mandates.accept if number % 2 else town.mandates.decline
        try:
            answer(made.id, town.ids["an"])
        except (Conflict, Refused):
            return False
        return True

    done = in_parallel(town.database, 8, act)
    assert done.count(True) == 1
    events = [row["event"] for row in stored(town.database, audit_events) if row["outcome"] == "done"]
    assert sum(event in {"mandate:accept", "mandate:decline"} for event in events) == 1


def test_appointment_that_races_with_the_end_of_what_it_came_from_does_not_survive(town: Town) -> None:
    """Whoever comes first: after both there is no live mandate below a revoked one."""
    for _ in range(6):
        top = town.representative()

        def act(number: int, top_id: str = top.id) -> None:
            if number == 0:
                town.mandates.revoke(top_id)
                return
            try:
                town.delegate("an", "binh")
            except (Refused, NotFound, Conflict):
                return

        in_parallel(town.database, 4, act)
        assert town.mandates.usable(town.ids["binh"]) == []
        assert {row["state"] for row in stored(town.database, mandates, root_id=top.id)} <= {"revoked"}


def test_mandates_go_along_when_accounts_are_merged(town: Town) -> None:
    made = town.representative()
    town.accounts.merge(town.ids["an"], town.ids["binh"], reason="one person")
    [live] = town.mandates.usable(town.ids["binh"])
    assert live.mandate.id == made.id


def test_parent_acts_until_the_child_is_of_age(town: Town) -> None:
    given = town.draft(
        kind="parent", principal_id=town.ids["child"], evidence_kind="birth_certificate", may_delegate=False
    )
    made = town.mandates.propose(given)
    assert made.valid_to == town.clock.now() + 18 * 366 * DAY
    with pytest.raises(Refused) as refused:
        town.mandates.propose(replace(given, may_delegate=True))
    assert refused.value.code == "may_not_be_passed_on"


def _assistance(town: Town) -> str:
    """Insert a clerk's assistance with its session."""
    mandate_id = handles.new_id()
    moments = {"created_at": START, "last_seen_at": START, "auth_time": START, "expires_at": START + 900}
    texts = {"acr": "a", "amr": "user", "origin": b"", "digest": b"d", "mandate_id": mandate_id}
    insert(town.database, sessions, id="helped", account_id=town.ids["child"], **texts, **moments)
    made = Mandate(
        mandate_id, "assist", town.ids["child"], town.ids["binh"], ("*",), "20335", START, START + 900, False, 0,
        "accepted", "cccd_card", b"", "account:x", START, client_id="portal", session_id="helped",
    )  # fmt: skip
    assert town.store.add(made, town.audit.record(_event()))
    assert town.mandates.usable(town.ids["binh"]) == [], "assistance is bound to its session and nothing to choose"
    return mandate_id


def _event() -> Any:
    return AuditEvent(Event.REQUEST)


def _set_state(town: Town, name: str, state: str) -> None:
    statement = update(accounts).where(accounts.c.id == town.ids[name]).values(state=state)
    town.database.run(town.database.prepare(statement))
