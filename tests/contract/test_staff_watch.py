"""Uses of staff's accounts and warnings over real databases."""

from __future__ import annotations

from idp.model.audit import AuditEvent, Event
from idp.ports.accounts import CredentialRow
from idp.ports.staff_watch import Usage
from idp.services.audit import AuditLog
from idp.storage.credentials import SqlCredentialStore
from idp.storage.database import Database
from idp.storage.staff_watch import SqlStaffWatchStore
from idp.storage.tables import directory_links
from tests.support.clock import START
from tests.support.stores import add_account, in_parallel


def linked(database: Database, name: str) -> str:
    """Add an account that a directory vouches for."""
    add_account(database, name)
    values = {
        "directory": "qoffice",
        "link": name,
        "account_id": name,
        "unit_code": "",
        "unit_from": "",
        "created_at": 1,
    }
    with database.transaction() as tx:
        tx.run(database.prepare(directory_links.insert().values(**values)))
    return name


def test_only_who_a_directory_vouches_for_is_listed_a_page_at_a_time(database: Database) -> None:
    store = SqlStaffWatchStore(database)
    for name in ("a", "b", "c"):
        linked(database, name)
    add_account(database, "d")
    assert [one.account_id for one in store.officials("", 2)] == ["a", "b"]
    assert [one.account_id for one in store.officials("b", 2)] == ["c"]
    assert store.of("d") is not None
    assert store.of("nobody") is None


def test_of_many_warnings_one_counts(database: Database) -> None:
    store = SqlStaffWatchStore(database)
    usage = store.of(linked(database, "a"))
    assert usage is not None
    assert sum(in_parallel(database, 8, lambda _number: store.warn_unused(usage, START))) == 1
    assert sum(in_parallel(database, 8, lambda _number: store.warn_password(usage, START))) == 1
    kept = store.of("a")
    assert kept == Usage("a", usage.kind, usage.used_at, START, START)


def test_the_last_use_is_kept(database: Database) -> None:
    store = SqlStaffWatchStore(database)
    usage = store.of(linked(database, "a"))
    assert usage is not None
    later = Usage("a", usage.kind, START + 5, 0, 0)
    store.note(later)
    assert store.of("a") == later


def test_of_former_passwords_the_last_are_remembered(database: Database, audit: AuditLog) -> None:
    add_account(database, "a")
    store = SqlCredentialStore(database)
    for number in range(5):
        row = CredentialRow("a", "password", f"h{number}".encode(), 0, 0, START, START + number)
        store.put(row, audit.record(AuditEvent(Event.CREDENTIAL_SET, account_id="a")), former=2)
    assert store.former("a") == [b"h3", b"h2"]
