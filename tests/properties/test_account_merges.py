"""After any sequence of registrations, merges and locks: every subject ever given out leads to exactly one live account."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from idp.errors import Conflict, Refused
from idp.storage.sqlite import SqliteDatabase
from idp.storage.subjects import SqlSubjectStore
from idp.storage.tables import accounts, consents, identity_codes, subjects
from tests.support.accounts import make_people, sample_code
from tests.support.clock import START, FrozenClock
from tests.support.stores import insert, migrated, stored

SECTORS = ("portal", "one-stop", "health")
_TEMPLATE = tempfile.TemporaryDirectory()


class Register(RuleBasedStateMachine):
    """Random operators at one register."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.database = SqliteDatabase(Path(self.home.name) / "a.sqlite3")
        self.ids: list[str] = []
        self.subs: dict[str, tuple[str, str]] = {}
        self.merged: dict[str, str] = {}

    @initialize()
    def begin(self) -> None:
        template = Path(_TEMPLATE.name) / "empty.sqlite3"
        if not template.exists():
            migrated(SqliteDatabase(template)).close()
        self.database.path.write_bytes(template.read_bytes())
        self.clock = FrozenClock()
        self.people = make_people(self.database, self.clock)
        self.subject_store = SqlSubjectStore(self.database)

    def teardown(self) -> None:
        self.database.close()
        self.home.cleanup()

    def one(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.ids))

    @rule(number=st.integers(0, 9))
    def register(self, number: int) -> None:
        held = {entry.value for one in set(map(self.final, self.ids)) for entry in self.people.accounts.codes(one)}
        try:
            self.ids.append(self.people.add(sample_code(number)))
        except Conflict:
            assert sample_code(number) in held
        else:
            assert sample_code(number) not in held

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), sector=st.sampled_from(SECTORS))
    def sign_in_at(self, data: st.DataObject, sector: str) -> None:
        account_id = self.people.accounts.resolve(self.one(data))
        sub = self.subject_store.fix(account_id, sector, f"sub-{len(self.subs)}", START)
        self.subs.setdefault(sub, (account_id, sector))

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), client=st.sampled_from(SECTORS))
    def agree(self, data: st.DataObject, client: str) -> None:
        account_id = self.people.accounts.resolve(self.one(data))
        texts = {
            "account_id": account_id,
            "client_id": client,
            "kind": "consent",
            "scope": "openid",
            "text_version": "1",
        }
        row_id = f"consent-{len(stored(self.database, consents))}"
        try:
            insert(self.database, consents, id=row_id, claims=1, declined=0, given_at=START, **texts)
        except Conflict:
            return

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        loser, winner = self.one(data), self.one(data)
        self.clock.advance(1)
        try:
            self.people.accounts.merge(loser, winner, reason="same person")
        except Refused:
            return
        if self.final(loser) != self.final(winner):
            self.merged[loser] = winner

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), state=st.sampled_from(["locked", "active", "closed"]))
    def change_state(self, data: st.DataObject, state: str) -> None:
        try:
            self.people.accounts.change_state(self.one(data), state, reason="why")
        except Refused:
            return

    def final(self, account_id: str) -> str:
        while account_id in self.merged:
            account_id = self.merged[account_id]
        return account_id

    @invariant()
    def every_account_leads_to_the_one_it_was_merged_into(self) -> None:
        for account_id in self.ids:
            found = self.people.accounts.get(account_id)
            assert found.id == self.final(account_id)
            assert found.state != "merged"

    @invariant()
    def every_subject_leads_to_the_account_it_was_given_for(self) -> None:
        for sub, (account_id, _) in self.subs.items():
            assert self.subject_store.account_of(sub) == self.final(account_id)

    @invariant()
    def an_account_has_one_current_subject_a_sector_if_it_ever_had_one(self) -> None:
        if not self.ids:
            return
        rows = stored(self.database, subjects)
        current = [(row["account_id"], row["sector_id"]) for row in rows if row["current"]]
        assert len(current) == len(set(current))
        assert set(current) == {(self.final(account_id), sector) for account_id, sector in self.subs.values()}

    @invariant()
    def current_codes_are_unique_and_belong_to_live_accounts(self) -> None:
        if not self.ids:
            return
        merged = {row["id"] for row in stored(self.database, accounts, state="merged")}
        rows = stored(self.database, identity_codes)
        current = [row["lookup"] for row in rows if row["valid_to"] is None]
        assert len(current) == len(set(current))
        assert not merged & {row["account_id"] for row in rows}
        assert not merged & {row["account_id"] for row in stored(self.database, consents)}


Register.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_merges = Register.TestCase
