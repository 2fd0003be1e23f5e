"""A redemption and what voids it in the same instant, step by step on a real PostgreSQL: whichever comes first, no grant survives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from idp.model.grant import Grant
from idp.ports.accounts import CredentialRow
from idp.ports.grants import Redemption
from idp.ports.recoveries import RecoveryRow
from idp.ports.sessions import ConsentState
from idp.services.consents import ConsentService
from idp.services.locks import Ground
from idp.services.marks import AccountMarks
from idp.storage.consents import SqlConsentStore
from idp.storage.grants import SqlGrantStore
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.recoveries import SqlRecoveryStore
from idp.storage.tables import grants, registry_versions
from policies.locks import Reason
from tests.contract.test_grants import grant, record
from tests.support.accounts import People, make_people, sample_code
from tests.support.clock import FrozenClock
from tests.support.guarded import make_locks
from tests.support.stores import insert, stored

pytestmark = pytest.mark.servers
_PATIENCE = 30
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"


@dataclass(frozen=True)
class Scene:
    """One person who agreed to the portal, and a code of hers that was issued a second ago."""

    people: People
    database: PostgresqlDatabase
    clock: FrozenClock
    code: Grant

    def redeem(self, database: PostgresqlDatabase | None = None) -> Redemption | None:
        """Redeem the code."""
        store = SqlGrantStore(database or self.database)
        return store.redeem(self.code, record(self.people.audit), needs_session=False, issued_at=self.clock.now() - 1)

    def withdraw(self) -> object:
        """Take the consent back."""
        consents = ConsentService(SqlConsentStore(self.database), self.people.audit, self.clock)
        return consents.withdraw(self.code.account_id, "portal", actor="operator:local", reason="asked")

    def narrow(self) -> object:
        """Agree anew, and decline a part of what was agreed to before."""
        consents = ConsentService(SqlConsentStore(self.database), self.people.audit, self.clock)
        return consents.give(self.code.account_id, "portal", "s1", ConsentState("consent", "openid", 1, 4, "v1"))

    def mark(self) -> object:
        """Void all that was issued so far."""
        marks = AccountMarks(SqlGrantStore(self.database), self.people.audit, self.clock)
        return marks.void_before(self.code.account_id, self.clock.now() + 1, reason="stolen")

    def lock(self) -> object:
        """Lock the account."""
        locks, _sessions = make_locks(self.people)
        return locks.lock(
            self.code.account_id, Ground(Reason.AUTHORITY_REQUEST, "điều tra", "TK03-12/2026"), actor="operator:local"
        )

    def close(self) -> None:
        """Close the account, which may be restored some day."""
        self.people.accounts.change_state(self.code.account_id, "closed", reason="moved away")

    def recover(self) -> object:
        """Begin the account's factors anew, as its owner does whose account somebody else has used."""
        store, now = SqlRecoveryStore(self.database), self.clock.now()
        row = RecoveryRow(
            "r1", self.code.account_id, "counter", b"", b"", "", "", "account:clerk", now - 1, now, now + 9
        )
        store.begin(row, record(self.people.audit), supersede=False)
        store.approve(row.id, "account:colleague", now, record(self.people.audit))
        password = CredentialRow(row.account_id, "password", b"x", 0, 0, now, now)
        return store.finish(row, password, now, record(self.people.audit))

    def reasons(self) -> list[str | None]:
        """Return why the grants ended; None for one that lives."""
        return [row["revoke_reason"] for row in stored(self.database, grants)]

    def wait_for_a_waiter(self, table: str) -> None:
        """Return when somebody waits for a lock on a table."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            for _ in range(_PATIENCE * 100):
                row = connection.execute(_WAITING, (table,)).fetchone()
                if row and row[0]:
                    return
                connection.execute("SELECT pg_sleep(0.01)")
        pytest.fail(f"nobody waits for {table}")


@pytest.fixture
def scene(postgresql_database: PostgresqlDatabase, clock: FrozenClock) -> Scene:
    """Return the scene."""
    people = make_people(postgresql_database, clock)
    account_id = people.add(sample_code(1))
    for name in ("clients", "keys"):
        insert(postgresql_database, registry_versions, name=name, version=1)
    consents = ConsentService(SqlConsentStore(postgresql_database), people.audit, clock)
    consents.give(account_id, "portal", "s1", ConsentState("consent", "openid", 5, 0, "v1"))
    clock.advance(10)
    code = replace(grant(), account_id=account_id, created_at=clock.now(), rotated_at=clock.now(), offline=True)
    return Scene(people, postgresql_database, clock, code)


@contextmanager
def at_work(database: PostgresqlDatabase, act: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run an act over the database on a thread, and so a connection, of its own."""

    def work() -> Any:
        try:
            return act()
        finally:
            database.close()

    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(work)


class Uncommitted(PostgresqlDatabase):
    """A process whose statement is done and whose commit is on its way until ``may_commit``."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.is_done, self.may_commit = threading.Event(), threading.Event()

    def rows(self, statement: Any, params: Any = None) -> list[Any]:
        with self.transaction() as tx:
            found = tx.rows(statement, params)
            self.is_done.set()
            assert self.may_commit.wait(_PATIENCE)
        return found


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (Scene.withdraw, "consent_withdrawn"),
        (Scene.narrow, "consent_narrowed"),
        (Scene.mark, "before_mark"),
        (Scene.lock, "account_locked"),
        (Scene.close, "account_closed"),
        (Scene.recover, "recovered"),
    ],
)
def test_a_revocation_waits_for_the_redemption_that_did_not_see_it(
    scene: Scene, act: Callable[[Scene], object], reason: str
) -> None:
    process = Uncommitted(scene.database.url)
    with at_work(process, lambda: scene.redeem(process)) as redemption:
        assert process.is_done.wait(_PATIENCE)
        with at_work(scene.database, lambda: act(scene)) as revocation:
            scene.wait_for_a_waiter("redemption_gate")
            process.may_commit.set()
            assert redemption.result(_PATIENCE) is not None
            revocation.result(_PATIENCE)
    assert scene.reasons() == [reason]


def test_a_redemption_waits_for_the_revocation_that_is_not_committed(scene: Scene) -> None:
    with psycopg.connect(scene.database.url) as blocker:
        # Where a withdrawal writes after it has shut the gate: it stands there with nothing committed.
        blocker.execute("LOCK TABLE withdrawals IN EXCLUSIVE MODE")
        with at_work(scene.database, scene.withdraw) as withdrawal:
            scene.wait_for_a_waiter("withdrawals")
            with at_work(scene.database, scene.redeem) as redemption:
                scene.wait_for_a_waiter("redemption_gate")
                blocker.rollback()
                assert withdrawal.result(_PATIENCE)
                assert redemption.result(_PATIENCE) is None
    assert scene.reasons() == []


def test_a_revocation_outlives_circles_with_batches_that_passed_the_gate(scene: Scene) -> None:
    """Batches that never look for a circle again, as one that looked in the wrong instant: it is the revocation that is ended, each time."""
    assert scene.redeem() is not None
    with psycopg.connect(scene.database.url, autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {administrator.info.dbname} SET deadlock_timeout = '50ms'".encode())
    with ExitStack() as open_till_the_end:
        batches = [open_till_the_end.enter_context(psycopg.connect(scene.database.url)) for _ in range(5)]
        for batch in batches:
            batch.execute("SET deadlock_timeout = '1h'")
            batch.execute("SELECT 1 WHERE NOT EXISTS (SELECT name FROM redemption_gate FOR KEY SHARE)")
        scene.database.close()  # The revocation's connection begins with the database's new value.
        with at_work(scene.database, scene.mark) as revocation:
            for batch in batches:
                scene.wait_for_a_waiter("redemption_gate")
                batch.execute(
                    "UPDATE grants SET rotated_at = rotated_at + 1"
                )  # Goes on only when its row is given back.
                batch.commit()
            assert revocation.result(_PATIENCE) == 1
    assert scene.reasons() == ["before_mark"]


def test_a_backup_keeps_nobody_from_revoking(scene: Scene) -> None:
    assert scene.redeem() is not None
    with psycopg.connect(scene.database.url) as backup:
        # What pg_dump holds on every table until it is done.
        backup.execute("LOCK TABLE redemption_gate, grants, consents IN ACCESS SHARE MODE")
        with at_work(scene.database, scene.withdraw) as withdrawal:
            assert withdrawal.result(_PATIENCE)
    assert scene.reasons() == ["consent_withdrawn"]
