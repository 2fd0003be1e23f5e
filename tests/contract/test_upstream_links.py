"""Links to upstream subjects and the origin of sessions, over real databases, through the services."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.errors import Conflict, InvalidInput, NotFound
from idp.model.account import Source
from idp.model.session import Session
from idp.model.upstream import Assertion, LinkEnd
from idp.services.accounts import AccountService
from idp.services.audit import AuditLog
from idp.services.upstream_links import UpstreamLinks, asserted_code
from idp.services.upstream_sessions import UpstreamSessions
from idp.services.vault import Vault
from idp.services.vouched_accounts import VouchedAccounts
from idp.storage.accounts import SqlAccountStore
from idp.storage.database import Database
from idp.storage.deployment import SqlDeploymentStore
from idp.storage.tables import accounts, audit_events, identity_codes, upstream_links, upstream_sessions
from idp.storage.upstreams import SqlUpstreamLinkStore, SqlUpstreamSessionStore
from keys.sealing import MasterKey
from policies.upstreams.levels import Assessed
from policies.upstreams.mapping import Mapped
from tests.support.clock import START, FrozenClock
from tests.support.stores import add_account, in_parallel, stored

LOA_1 = "urn:dinhdanh:loa:1"


def assertion(subject: str = "chủ thể/1", code: str = "049499000021", **changes: object) -> Assertion:
    """Return what an upstream told about a sample person."""
    attributes = {"name": "Công dân mẫu 21", "birthdate": "2199-01-21", "gender": "male"}
    made = Assertion("vneid", subject, Mapped(attributes, "cccd", code), Assessed(LOA_1, (), 2))
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def vault(database: Database, clock: FrozenClock) -> Vault:
    made = Vault(SqlDeploymentStore(database), MasterKey(b"\x07" * 32), clock)
    made.ensure()
    return made


@pytest.fixture
def people(database: Database, vault: Vault, audit: AuditLog, clock: FrozenClock) -> AccountService:
    return AccountService(SqlAccountStore(database), vault, audit, clock)


@pytest.fixture
def vouched(database: Database, vault: Vault, audit: AuditLog, clock: FrozenClock) -> VouchedAccounts:
    return VouchedAccounts(SqlAccountStore(database), vault, audit, clock)


@pytest.fixture
def links(
    database: Database, people: AccountService, vault: Vault, audit: AuditLog, clock: FrozenClock
) -> UpstreamLinks:
    return UpstreamLinks(SqlUpstreamLinkStore(database), people, vault, audit, clock)


def test_subject_is_found_again_and_stands_nowhere_in_clear(links: UpstreamLinks, database: Database) -> None:
    add_account(database, "an")
    links.link(assertion(), "an", "proven", ceiling=LOA_1)
    found = links.find("vneid", "chủ thể/1")
    assert found is not None
    assert (found.account_id, found.how, found.ceiling, found.subject) == ("an", "proven", LOA_1, "chủ thể/1")
    assert links.find("vnconnect", "chủ thể/1") is None
    [row] = stored(database, upstream_links)
    assert "chủ thể".encode() not in repr(row).encode() + bytes(row["sealed"]) + bytes(row["lookup"])
    [event] = stored(database, audit_events, event="upstream:link")
    assert (event["account_id"], event["target"]) == ("an", "upstream:vneid")


def test_subject_belongs_to_one_account(links: UpstreamLinks, database: Database) -> None:
    add_account(database, "an")
    add_account(database, "binh")
    links.link(assertion(), "an", "vouched")
    links.link(assertion(), "an", "vouched")
    with pytest.raises(Conflict):
        links.link(assertion(), "binh", "proven")
    found = links.find("vneid", "chủ thể/1")
    assert found is not None
    assert found.account_id == "an"
    assert links.of_account("binh") == []


def test_new_subject_of_the_same_account_replaces_the_old_one(links: UpstreamLinks, database: Database) -> None:
    add_account(database, "an")
    links.link(assertion("cũ"), "an", "vouched")
    links.link(assertion("mới"), "an", "vouched")
    assert [link.subject for link in links.of_account("an")] == ["mới"]
    assert links.find("vneid", "cũ") is None
    assert {row["end_reason"] for row in stored(database, upstream_links)} == {None, "replaced"}


def test_link_ends_once(links: UpstreamLinks, database: Database) -> None:
    add_account(database, "an")
    links.link(assertion(), "an", "vouched")
    links.end("an", "vneid", LinkEnd.RECOVERED, "account:an")
    with pytest.raises(NotFound):
        links.end("an", "vneid", LinkEnd.RECOVERED, "account:an")
    assert links.find("vneid", "chủ thể/1") is None
    assert {row["end_reason"] for row in stored(database, upstream_links)} == {"recovered"}
    (event,) = stored(database, audit_events, event="upstream:unlink")
    assert event["reason"] == "recovered"


def test_account_is_made_with_code_link_and_the_source_of_each_attribute(
    links: UpstreamLinks, people: AccountService, database: Database
) -> None:
    account_id = links.create(assertion())
    account = people.find("049499000021", "cccd")
    assert account.id == account_id
    assert account.profile == {"name": "Công dân mẫu 21", "birthdate": "2199-01-21", "gender": "male"}
    assert set(account.sources) == {"name", "birthdate", "gender", "identity_code", "identity_level"}
    assert set(account.sources.values()) == {Source("vneid", START)}
    assert (account.identity_level, account.sample) == (2, True)
    assert [link.how for link in links.of_account(account_id)] == ["created"]


def test_attribute_that_our_rules_refuse_is_left_out_and_the_rest_stays(
    links: UpstreamLinks, people: AccountService
) -> None:
    told = assertion().mapped
    spoiled = replace(told, attributes={**told.attributes, "email": "không phải thư", "phone_number": "12"})
    account = people.get(links.create(assertion(mapped=spoiled)))
    assert "email" not in account.profile
    assert "phone_number" not in account.sources


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"name": "A", "birthdate": "1990-01-21"}, "049499000021"),
        ({"name": "A", "gender": "female"}, "049499000021"),
        ({}, "049499000021"),
        ({"name": "A"}, "12"),
    ],
)
def test_contradictions_nameless_people_and_malformed_codes_make_no_account(
    links: UpstreamLinks, database: Database, attributes: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidInput):
        links.create(assertion(mapped=Mapped(attributes, "cccd", code)))
    assert stored(database, accounts) == []


def test_of_many_who_make_the_same_person_one_does(links: UpstreamLinks, database: Database) -> None:
    def make(_number: int) -> str:
        try:
            return links.create(assertion())
        except Conflict:
            return ""

    made = in_parallel(database, 8, make)
    assert len(list(filter(None, made))) == 1
    assert (
        len(stored(database, accounts))
        == len(stored(database, identity_codes))
        == len(stored(database, upstream_links))
        == 1
    )
    assert len(stored(database, audit_events, event="account:add")) == 1


def test_level_rises_and_never_falls(
    links: UpstreamLinks, people: AccountService, vouched: VouchedAccounts, database: Database
) -> None:
    account_id = links.create(assertion(assessed=Assessed(LOA_1, (), 1)))
    vouched.raise_level(account_id, 2, source="vneid")
    vouched.raise_level(account_id, 1, source="vnconnect")
    account = people.get(account_id)
    assert (account.identity_level, account.sources["identity_level"].name) == (2, "vneid")
    assert len(stored(database, audit_events, event="account:update")) == 1


def test_code_that_is_none_is_said_to_be_malformed() -> None:
    assert asserted_code(assertion(code="")) is None
    with pytest.raises(InvalidInput):
        asserted_code(assertion(code="049"))


def session(name: str = "s1") -> Session:
    """Return a live session."""
    return Session(name, "an", START, START, START + 3600, START, LOA_1, ())


@pytest.fixture
def origins(database: Database, vault: Vault) -> UpstreamSessions:
    return UpstreamSessions(SqlUpstreamSessionStore(database), vault)


def test_session_is_found_by_what_a_logout_token_names(origins: UpstreamSessions, database: Database) -> None:
    origins.remember(session("s1"), assertion(sid="x1", hint="một thẻ"))
    origins.remember(session("s2"), assertion(sid="x2"))

    def named(sid: str, subject: str, upstream: str = "vneid") -> set[str]:
        return {one.session_id for one in origins.named(upstream, sid, subject)}

    assert named("x1", "") == named("x1", "chủ thể/1") == {"s1"}
    assert named("", "chủ thể/1") == {"s1", "s2"}
    assert named("x1", "ai khác") == named("", "") == named("x1", "", "vnconnect") == set()
    found = origins.of_session("s1")
    assert found is not None
    assert (found.hint, found.sid, found.account_id) == ("một thẻ", "x1", "an")
    assert "một thẻ".encode() not in b"".join(bytes(row["sealed"]) for row in stored(database, upstream_sessions))


def test_session_that_is_renewed_by_another_upstream_came_from_there(origins: UpstreamSessions) -> None:
    origins.remember(session(), assertion(sid="x1"))
    origins.remember(session(), assertion(upstream="vnconnect", sid="y1"))
    assert origins.named("vneid", "x1", "") == []
    assert [one.session_id for one in origins.named("vnconnect", "y1", "")] == ["s1"]
