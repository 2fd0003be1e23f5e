"""The indicator over real databases: counted once from the audit log whatever happens, and with nobody in it who could be found again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from idp.errors import InvalidInput, NotFound
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.indicators import Mark, Month
from idp.services.audit import AuditLog
from idp.services.audit_tree import AuditTree
from idp.services.indicators import Indicators, MonthReport, Place
from idp.storage.database import Database
from idp.storage.indicators import SqlIndicatorStore
from idp.storage.tables import accounts, indicator_figures, indicator_marks, indicator_months, sessions
from tests.support.clock import FrozenClock
from tests.support.stores import (
    SEALER,
    add_account,
    in_parallel,
    insert,
    make_audit,
    make_audit_tree,
    reopened,
    stored,
)

NOVEMBER = int(datetime(2026, 11, 10, 5, tzinfo=UTC).timestamp())
UNITS = {"land": "U1", "health": "U2", "school": "U2"}


class Province:
    """People who use systems, and the indicator over them."""

    def __init__(self, database: Database, audit: AuditLog, tree: AuditTree, clock: FrozenClock) -> None:
        self.database, self.audit, self.tree, self.clock = database, audit, tree, clock
        self.store = SqlIndicatorStore(database)
        self.clock.advance(NOVEMBER - clock.now())
        self.indicators = self.made(database, tree)

    def made(self, database: Database, tree: AuditTree) -> Indicators:
        def place(client_id: str, day: str) -> Place:
            unit = UNITS[client_id]
            return Place(f"Hệ thống {client_id}", unit, f"{unit} ngày {day}")

        store, seal, unseal = SqlIndicatorStore(database), SEALER.seal, SEALER.open
        return Indicators(store, self.clock, seal, unseal, tree.size, place, threshold=3)

    def people(self, count: int, *, level: int = 2, prefix: str = "p") -> list[str]:
        names = [f"{prefix}{number}" for number in range(count)]
        for name in names:
            add_account(self.database, name, level=level)
            moment = self.clock.now()
            times = dict.fromkeys(("created_at", "last_seen_at", "expires_at", "auth_time"), moment)
            values = {"acr": "urn:dinhdanh:loa:2" if level > 1 else "urn:dinhdanh:loa:1", "amr": "[]", "origin": b""}
            insert(self.database, sessions, id=f"s-{name}", digest=name.encode(), account_id=name, **times, **values)
        return names

    def token(self, people: Sequence[str], client_id: str, *, times: int = 1) -> None:
        for name in people:
            event = AuditEvent(Event.TOKEN_CODE, account_id=name, client_id=client_id, session_id=f"s-{name}")
            for _ in range(times):
                self.audit.write(event)

    def consent(self, people: Sequence[str], client_id: str) -> None:
        for name in people:
            self.audit.write(AuditEvent(Event.CONSENT_GIVE, account_id=name, client_id=client_id))

    def report(self, month: str = "2026-11") -> MonthReport:
        self.tree.sequence()
        self.indicators.run()
        return self.indicators.report(month)


@pytest.fixture
def province(database: Database, audit: AuditLog, audit_tree: AuditTree, clock: FrozenClock) -> Province:
    return Province(database, audit, audit_tree, clock)


def shown(report: MonthReport, scope: str, code: str, kind: str = "all") -> tuple[int | None, ...]:
    [found] = [one for one in report.figures if (one.scope, one.code, one.kind) == (scope, code, kind)]
    return (found.used, found.authenticated, found.identified, found.strong, found.share)


def test_people_are_counted_once_by_system_by_unit_and_in_all(province: Province) -> None:
    verified, others = province.people(8), province.people(4, level=1, prefix="q")
    province.token(verified, "health", times=3)
    province.token([*verified[:4], *others], "school")
    report = province.report()
    assert shown(report, "system", "health") == (8, 8, 8, 8, 100)
    assert shown(report, "system", "school") == (8, 8, 4, 4, 50)
    assert shown(report, "unit", "U2") == (12, 12, 8, 8, 66)
    assert shown(report, "all", "") == (12, 12, 8, 8, 66)
    assert report.names["system", "health"] == "Hệ thống health"
    assert report.names["unit", "U2"] == "U2 ngày 2026-11-30"
    assert not report.is_closed


def test_who_came_and_got_no_token_counts_as_a_user_only(province: Province) -> None:
    people = province.people(8)
    province.consent(people, "land")
    province.token(people[:4], "land")
    refused = AuditEvent(Event.TOKEN_CODE, Outcome.REFUSED, account_id=people[5], client_id="land")
    province.audit.write(refused)
    assert shown(province.report(), "system", "land") == (8, 4, 4, 4, 50)


def test_who_only_signed_in_counts_in_all(province: Province) -> None:
    people = province.people(6)
    for name in people:
        province.audit.write(AuditEvent(Event.SIGN_IN, Outcome.REFUSED, "wrong_credentials", account_id=name))
    assert shown(province.report(), "all", "") == (6, 0, 0, 0, 0)


def test_merged_account_is_one_person(province: Province, database: Database) -> None:
    people = province.people(5)
    statement = accounts.update().where(accounts.c.id == "p4").values(merged_into="p0", state="merged")
    database.run(database.prepare(statement))
    province.token(people, "land")
    assert shown(province.report(), "system", "land")[0] == 4


def test_businesses_are_counted_apart(province: Province, database: Database) -> None:
    people = province.people(8, level=1)
    statement = accounts.update().where(accounts.c.id.in_(people[:4])).values(kind="organisation")
    database.run(database.prepare(statement))
    province.token(people, "land")
    report = province.report()
    assert shown(report, "system", "land", "organisation") == (4, 4, 4, 0, 100)
    assert shown(report, "system", "land", "person") == (4, 4, 0, 0, 0)


def test_month_is_that_of_vietnam(province: Province) -> None:
    people = province.people(4)
    last_evening = int(datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC).timestamp())
    province.clock.advance(last_evening - province.clock.now())
    province.token(people, "land")
    province.clock.advance(1)
    province.token(people[:3], "land")
    assert shown(province.report("2026-11"), "system", "land")[0] == 4
    assert shown(province.report("2026-12"), "system", "land")[0] == 3
    assert province.indicators.months() == ["2026-12", "2026-11"]


def test_closed_month_keeps_its_figures_and_nobody(province: Province, database: Database) -> None:
    province.token(province.people(7), "land")
    before = province.report()
    marks = stored(database, indicator_marks)
    assert {len(row["mark"]) for row in marks} == {16}
    assert not {name.encode() for name in (f"p{number}" for number in range(7))} & {row["mark"] for row in marks}
    province.clock.advance(24 * 86400)
    after = province.report()
    assert (after.is_closed, after.figures) == (True, before.figures)
    assert stored(database, indicator_marks) == []
    [month] = stored(database, indicator_months)
    assert month["sealed_key"] is None
    province.indicators.run()
    assert len(stored(database, indicator_figures)) == 6


def test_month_is_not_closed_before_the_log_is_read(province: Province, database: Database) -> None:
    people = province.people(4)
    province.token(people, "land")
    province.report()
    province.clock.advance(10 * 86400)
    province.audit.write(AuditEvent(Event.TOKEN_CODE, account_id=people[0], client_id="land"))
    province.clock.advance(30 * 86400)
    report = province.report()
    assert (report.is_closed, shown(report, "system", "land")[0]) == (True, 4)


def test_pseudonyms_of_two_months_cannot_be_joined(province: Province, database: Database) -> None:
    people = province.people(3)
    province.token(people, "land")
    province.report()
    province.clock.advance(21 * 86400)
    province.token(people, "land")
    province.report("2026-12")
    months: dict[str, set[bytes]] = {row["month"]: set() for row in stored(database, indicator_marks)}
    for row in stored(database, indicator_marks):
        months[row["month"]].add(bytes(row["mark"]))
    assert len(months["2026-11"]) == len(months["2026-12"]) == 3
    assert not months["2026-11"] & months["2026-12"]


def test_processes_that_count_at_once_count_once(province: Province, database: Database) -> None:
    province.token(province.people(6), "land", times=20)
    province.tree.sequence()

    def act(_number: int) -> int:
        with reopened(database) as mine:
            return province.made(mine, make_audit_tree(mine)).run()

    assert sum(in_parallel(None, 4, act)) == 120
    assert shown(province.report(), "system", "land")[0] == 6


def test_progress_and_marks_are_one(database: Database) -> None:
    store = SqlIndicatorStore(database)
    month, mark = Month("2026-11", b"k", None), Mark("2026-11", "c", b"m", "person", 1)
    assert store.advance(0, 5, [month], [mark])
    assert not store.advance(0, 5, [month], [Mark("2026-11", "c", b"n", "person", 1)])
    assert store.advance(5, 6, [Month("2026-11", b"other", None)], [Mark("2026-11", "c", b"m", "person", 4)])
    assert store.count("2026-11", None) == {"person": (1, 1, 0, 1)}
    assert store.months()["2026-11"].sealed_key == b"k"
    assert store.close("2026-11", [], 9)
    assert not store.close("2026-11", [], 10)


def test_what_is_not_in_the_tree_yet_is_counted_later(province: Province) -> None:
    province.token(province.people(4), "land")
    province.indicators.run()
    with pytest.raises(NotFound):
        province.indicators.report("2026-11")
    assert shown(province.report(), "system", "land")[0] == 4


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-11-01", "x", ""])
def test_month_that_is_none_is_refused(province: Province, month: str) -> None:
    with pytest.raises(InvalidInput):
        province.indicators.report(month)


def test_log_of_another_process_is_read_on(database: Database, audit: AuditLog) -> None:
    for _ in range(3):
        make_audit(database).write(AuditEvent(Event.REQUEST))
    make_audit_tree(database).sequence()
    store = SqlIndicatorStore(database)
    assert store.read(0, 3, 2) == (2, [])
    assert store.read(2, 3, 2) == (3, [])
