"""Statements that one execution carries out for many: everybody gets what the statement alone would have given, and nobody anything else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Text, bindparam, literal_column, select

from idp import handles
from idp.errors import Conflict, StorageUnavailable
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.grant import Grant
from idp.ports.grants import Redemption
from idp.services.audit import AuditLog
from idp.storage import postgresql_pipeline
from idp.storage.audit import record_statement
from idp.storage.database import Database, Prepared
from idp.storage.grants import SqlGrantStore
from idp.storage.outbox import OutboxWriter
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.postgresql_pipeline import looking_up
from idp.storage.postgresql_sharing import Shared, claiming
from idp.storage.postgresql_steps import called, steps_of, translated
from idp.storage.sessions import SqlSessionStore
from idp.storage.tables import accounts, audit_events, deployment, grants, revoked_tokens
from tests.contract.test_grants import add_session, grant, make_store, record
from tests.support.clock import START
from tests.support.fibers import together
from tests.support.muted import Muted
from tests.support.stores import SEALER, add_account, insert, make_audit, stored

MANY = 50
_KEPT = Prepared("SELECT name, generic_plans, custom_plans FROM pg_prepared_statements", {})
_READ_KEPT = replace(_KEPT, is_read=True)
"""On the connection of what only reads."""


@pytest.fixture
def store(database: Database) -> SqlGrantStore:
    """Return the store; ``an`` has a session."""
    return make_store(database)


def redeeming(store: SqlGrantStore, audit: AuditLog, made: Grant, event: Event = Event.TOKEN_CODE) -> Callable[[], Any]:
    """Return a work that redeems a code, with a record that names its grant."""
    noted = audit.record(AuditEvent(event, client_id="portal", target=f"grant:{made.id}"))
    return partial(store.redeem, made, noted)


def test_codes_redeemed_together_are_each_redeemed_and_recorded(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    made = [grant(sub=f"sub {number}") for number in range(MANY)]
    outcomes = together(database.fibers, *(redeeming(store, audit, one) for one in made))
    assert [(done.versions.clients, done.versions.keys) for done in outcomes] == [(7, 3)] * MANY
    assert [store.get(one.id) for one in made] == made
    assert {row["target"] for row in stored(database, audit_events)} == {f"grant:{one.id}" for one in made}
    assert all(audit.is_ours(row) for row in stored(database, audit_events))


def test_one_that_may_not_be_redeemed_is_refused_among_others_and_leaves_no_record(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    add_account(database, "closed")
    database.run(database.prepare(accounts.update().where(accounts.c.id == "closed").values(state="closed")))
    add_session(database, "ended", ended_at=START, end_reason="signed_out")
    wrong = [{"account_id": "closed"}, {"session_id": "ended"}, {"account_id": "none"}]
    made = [grant(**(wrong[number % 6] if number % 6 < 3 else {})) for number in range(60)]
    outcomes = together(database.fibers, *(redeeming(store, audit, one) for one in made))
    assert [outcome is not None for outcome in outcomes] == [number % 6 >= 3 for number in range(60)]
    redeemed = {one.id for one, outcome in zip(made, outcomes, strict=True) if outcome}
    assert {row["id"] for row in stored(database, grants)} == redeemed
    assert {row["target"] for row in stored(database, audit_events)} == {f"grant:{one}" for one in redeemed}


def test_code_that_many_redeem_at_the_same_time_is_redeemed_once(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    codes = [grant() for _ in range(5)]
    thieves = [replace(codes[number % 5], sub=f"thief {number}") for number in range(MANY)]
    outcomes = together(database.fibers, *(redeeming(store, audit, one) for one in thieves))
    winners = [one for one, outcome in zip(thieves, outcomes, strict=True) if isinstance(outcome, Redemption)]
    assert {one.id for one in winners} == {one.id for one in codes}
    assert len(winners) == 5
    assert [store.get(one.id) for one in winners] == winners
    assert len(stored(database, audit_events)) == 5


def test_record_that_is_there_already_takes_its_redemption_back_and_no_other(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    taken = audit.write(AuditEvent(Event.TOKEN_CODE))
    made = [grant() for _ in range(20)]
    works = [partial(store.redeem, one, taken if at == 7 else record(audit)) for at, one in enumerate(made)]
    outcomes = together(database.fibers, *works)
    assert [at for at, outcome in enumerate(outcomes) if isinstance(outcome, Conflict)] == [7]
    assert {row["id"] for row in stored(database, grants)} == {one.id for at, one in enumerate(made) if at != 7}


def test_what_is_redeemed_together_is_stored_as_what_is_redeemed_alone(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    """Every kind of value: none, empty, the ends of each range, zero octets, all of Unicode, what has a meaning in SQL or in an array."""
    texts = ("", "Đặng Thị Hạnh \U0001f1fb\U0001f1f3", "%s $1 {} \\ ' \" , NULL", "a\tb\nc")
    octets = (None, b"", b"\x00\xff\x00", b"{x}")
    numbers = (0, 1, 2**31, 2**63 - 1, -(2**63))
    mixed = [
        grant(id=handles.new_id(), sub=text, details=raw, claims=number, offline=bool(number % 2))
        for text, raw, number in product(texts, octets, numbers)
    ]
    again = [replace(one, id=handles.new_id()) for one in mixed]
    together(database.fibers, *(redeeming(store, audit, one) for one in mixed))
    for one in again:
        redeeming(store, audit, one)()  # Outside of a fiber, by the driver's own way of writing values.
    rows = {row["id"]: {**row, "id": ""} for row in stored(database, grants)}
    assert [rows[one.id] for one in mixed] == [rows[one.id] for one in again]
    assert [store.get(one.id) for one in mixed] == mixed


def test_everybody_reads_the_state_of_its_own_token(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = [grant(claims=number) for number in range(MANY)]
    for one in made[:40]:
        store.redeem(one, record(audit))
    insert(database, revoked_tokens, jti="spent", client_id="portal", revoked_at=START, expires_at=START)
    store.revoke(made[0].id, START, "asked", record(audit))
    works = [
        partial(store.token_state, one.id, "spent" if at % 10 == 9 else "live", with_code=bool(at % 2))
        for at, one in enumerate(made)
    ]
    outcomes = together(database.fibers, *works)
    assert outcomes == [work() for work in works]
    assert [None if state is None else state.claims for state in outcomes] == [*range(40), *([None] * 10)]
    assert [at for at, state in enumerate(outcomes[:40]) if not state.is_live] == [0, 9, 19, 29, 39]


@pytest.mark.servers
def test_value_that_no_column_takes_is_its_own_callers_fault(postgresql_database: PostgresqlDatabase) -> None:
    database, store, audit = postgresql_database, make_store(postgresql_database), make_audit(postgresql_database)
    wrong: dict[int, dict[str, Any]] = {
        1: {"claims": "many"},
        3: {"sub": "a\0b"},
        4: {"sub": "\ud800"},
        6: {"claims": 2**63},
    }
    made = [grant(**wrong.get(number, {})) for number in range(8)]
    outcomes = together(database.fibers, *(redeeming(store, audit, one) for one in made))
    assert [at for at, one in enumerate(outcomes) if isinstance(one, psycopg.DataError)] == [1, 3, 4, 6]
    assert [at for at, one in enumerate(outcomes) if isinstance(one, Redemption)] == [0, 2, 5, 7]


@pytest.mark.servers
def test_callers_who_come_together_are_one_execution_with_a_plan_that_was_made_before(
    postgresql_database: PostgresqlDatabase,
) -> None:
    shared, audit = make_store(postgresql_database), make_audit(postgresql_database)

    def work() -> list[Any]:
        for _ in range(10):
            made = grant()
            shared.redeem(made, record(audit))
            assert shared.token_state(made.id, "x", with_code=False) is not None
        return [postgresql_database.rows(kept) for kept in (_READ_KEPT, _KEPT)]

    for found in together(postgresql_database.fibers, *[work] * 16)[-1]:
        assert all(custom == 0 for _, _, custom in found)
        assert any(name.endswith("m") for name, _, _ in found)
        # Also no sixteen single ones because the shared one failed.
        assert sum(generic for _, generic, _ in found) < 10 * 16 / 2


@pytest.mark.servers
def test_settings_of_pipelines_outlive_a_poolers_reset_and_leave_the_operators_own(
    postgresql_database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go along with the first packet: what was set by a statement would be gone, and nobody would notice."""

    def shown(database: PostgresqlDatabase, name: str) -> str:
        ((value,),) = database.rows(Prepared(f"SELECT current_setting('{name}')", {}, is_read=True))
        return str(value)

    def work(database: PostgresqlDatabase) -> list[str]:
        database.rows(Prepared("SELECT 1 WHERE set_config('jit', 'on', false) = ''", {}, is_read=True))
        before = shown(database, "jit")
        database.rows(Prepared("RESET ALL", {}, is_read=True))
        return [before, *(shown(database, name) for name in ("jit", "plan_cache_mode", "lock_timeout", "work_mem"))]

    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=7s")
    of_environment = PostgresqlDatabase(postgresql_database.url)
    of_url = PostgresqlDatabase(make_conninfo(postgresql_database.url, options="-c work_mem=5MB"))
    found = [together(database.fibers, partial(work, database))[0] for database in (of_environment, of_url)]
    assert found[0] == ["on", "off", "force_generic_plan", "7s", "4MB"]
    assert found[1] == ["on", "off", "force_generic_plan", "0", "5MB"]
    for database in (of_environment, of_url):
        together(database.fibers, database.close)


@pytest.mark.servers
def test_server_that_falls_silent_after_the_sign_in_is_given_up_and_used_again_when_it_answers(
    postgresql_database: PostgresqlDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_pipeline, "_ANSWER_SECONDS", 0.3)
    server = conninfo_to_dict(postgresql_database.url)
    name = f".s.PGSQL.{server.get('port', 5432)}"
    with Muted(tmp_path / name, Path(str(server["host"])) / name) as muted:
        silent = PostgresqlDatabase(make_conninfo(postgresql_database.url, host=str(tmp_path)))

        def work() -> list[str]:
            found = []
            for muted.is_muted in (True, False):
                try:
                    found.append(str(silent.rows(_READ_KEPT)[0][0]))
                except StorageUnavailable as error:
                    found.append(type(error).__name__)
            return found

        outcomes = together(silent.fibers, *[work] * 3)
        silent.close()
    assert outcomes == [["StorageUnavailable", "p0"]] * 3


@pytest.mark.servers
def test_statement_with_an_offset_of_its_own_is_shared(postgresql_database: PostgresqlDatabase) -> None:
    insert(postgresql_database, deployment, name="n", value="a")
    insert(postgresql_database, deployment, name="n2", value="b")
    skipping = select(deployment.c.value).where(deployment.c.name.like(bindparam("like", type_=Text())))
    statement = postgresql_database.prepare(skipping.order_by(deployment.c.value).limit(1).offset(1), is_hot=True)

    def work() -> Any:
        return postgresql_database.rows(statement, {"like": "n%"}), postgresql_database.rows(_READ_KEPT)

    outcomes = together(postgresql_database.fibers, *[work] * 8)
    assert [found for found, _ in outcomes] == [[("b",)]] * 8
    assert [name for name, _, _ in outcomes[-1][1] if name.startswith("p0")] == [
        "p0m"
    ]  # And not by one after the other.


@pytest.mark.servers
def test_shared_plan_of_empty_tables_finds_each_callers_rows_by_an_index(
    postgresql_database: PostgresqlDatabase,
) -> None:
    """It is made once, perhaps when the province has ten accounts, and serves until somebody counts the tables again."""
    found = shared_statements(postgresql_database)
    assert len(found) > 5
    with psycopg.connect(looking_up(postgresql_database.url), autocommit=True) as connection:
        for at, statement in enumerate(found):
            known = translated(statement, f"q{at}").shared
            assert known is not None
            connection.execute(b"PREPARE q%d AS %s" % (at, known.sql))
            values = ", ".join(f"ARRAY[NULL]::{kind}[]" for kind in known.types)
            (plan,) = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE q{at} ({values})".encode()).fetchone() or ()
            nodes = [plan[0]["Plan"]]
            for node in nodes:
                nodes += node.get("Plans", [])
                if "Scan" in node["Node Type"] and node.get("Relation Name", "redemption_gate") != "redemption_gate":
                    assert "Index Cond" in node or node["Node Type"] == "Bitmap Heap Scan", node
                assert "Index Name" not in node or "Index Cond" in node, node
            assert len(nodes) > 5


def shared_statements(database: PostgresqlDatabase) -> list[Prepared]:
    """Return every statement of the hot paths in the form that many share."""
    claims: list[Prepared] = []

    def keep(statement: Prepared, _params: Any = None) -> None:
        claims.append(statement)

    of_grants, of_sessions = SqlGrantStore(database), SqlSessionStore(database, OutboxWriter(database, SEALER.seal))
    unwritten = AuditRecord({column.name: None for column in audit_events.columns})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "row", keep)
        for needs_session, mandate in product((True, False), ("", "m")):
            of_grants.redeem(grant(mandate_id=mandate), unwritten, needs_session=needs_session)
        of_grants.record(unwritten)
    held = [*vars(of_grants).values(), *vars(of_sessions).values()]
    reads = [one for each in held for one in (each.values() if isinstance(each, dict) else [each])]
    return [one for one in [*claims, *reads] if isinstance(one, Prepared) and isinstance(one.sharing, Shared)]


@pytest.mark.servers
def test_claim_that_would_be_carried_out_by_a_plan_over_the_whole_table_is_refused(
    postgresql_database: PostgresqlDatabase,
) -> None:
    used = grants.update().where(grants.c.id == bindparam("wanted")).values(generation=2).returning(grants.c.id)
    claim = postgresql_database.prepare(used, is_hot=True)
    with pytest.raises(ValueError, match="callers can share"):
        claiming(claim, record_statement(postgresql_database), "")


@pytest.mark.servers
def test_value_without_a_type_is_refused_when_its_statement_is_prepared(
    postgresql_database: PostgresqlDatabase,
) -> None:
    untyped = select(deployment.c.value).where(literal_column("name") == bindparam("wanted"))
    with pytest.raises(ValueError, match="wanted"):
        postgresql_database.prepare(untyped, is_hot=True)


def test_calls_are_carried_out_in_the_order_of_their_first_callers_and_equal_keys_one_after_the_other() -> None:
    shared = Prepared("INSERT %(k)s", {}, sharing=Shared({"k": "text"}, ("id", "k"), "{callers} %(k)s", 2))
    read, claim = translated(Prepared("SELECT %(a)s", {}, is_read=True), "r"), translated(shared, "c")
    calls = [called(claim, {"k": "a"}), called(read, {"a": 1}), *(called(claim, {"k": key}) for key in "bab")]
    steps = steps_of(calls)
    assert [[calls.index(call) for call in step.calls] for step in steps] == [[0, 2], [1], [3, 4]]
    assert [step.name for step in steps] == [b"cm", b"r", b"cm"]
