"""Audit records: what the commitment binds, what is sealed, what erasing leaves; the store is a list."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import fields

import orjson
import pytest

from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.ports.audit import AuditQuery, TreeGrower
from idp.services.audit import PERSONAL, PUBLIC, AuditLog, commitment_of, link, personal_text, public_text
from idp.services.audit_tree import AuditTree
from policies.audit_commitments import SALT_BYTES, part_digest
from tests.support.clock import FrozenClock

KEY = b"k" * 32
EVENT = AuditEvent(
    Event.SIGN_IN,
    Outcome.REFUSED,
    "wrong_credentials",
    "anonymous",
    "account",
    "client",
    "session",
    "account:account",
    "CASE0001",
    {"amr": ["pwd"]},
    {"address": "192.0.2.1"},
)


class ListStore:
    """An audit store in memory whose rows a test may change."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def append(self, record: AuditRecord) -> None:
        self.rows.append({**record.values, "seq": len(self.rows) + 1, "erased": None})

    def search(self, query: AuditQuery) -> list[Mapping[str, object]]:
        return [*self.rows[: query.limit]]

    def after(self, seq: int, limit: int) -> list[Mapping[str, object]]:
        found: list[Mapping[str, object]] = [row for row in self.rows if int(str(row["seq"])) > seq]
        return found[:limit]

    def chain_end(self) -> tuple[int, str]:
        return 0, ""


class EmptyTree:
    """A tree into which nothing was entered yet."""

    def size(self) -> int:
        return 0

    def tile(self, level: int, number: int) -> bytes:
        return b""

    def extend(self, grow: TreeGrower, batch: int) -> int:
        return 0


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def log(store: ListStore) -> AuditLog:
    """Return a log whose sealing is visible: the place, then the text backwards."""
    return AuditLog(store, FrozenClock(), KEY, lambda text, place: place + text[::-1], _open)


def _open(sealed: bytes, place: bytes) -> bytes:
    assert sealed.startswith(place)
    return sealed.removeprefix(place)[::-1]


def fault_of(log: AuditLog, store: ListStore) -> int:
    fault = AuditTree(log, store, EmptyTree()).verify().fault
    assert fault is not None
    return fault.position


def test_record_holds_every_field_of_the_event(log: AuditLog) -> None:
    values = log.record(EVENT).values
    for field in fields(AuditEvent):
        said = getattr(EVENT, field.name)
        if field.name not in {"detail", "private"}:
            assert values[field.name] == said
    assert orjson.loads(str(values["detail"])) == {"amr": ["pwd"]}


def test_private_part_is_sealed_for_its_record(log: AuditLog) -> None:
    values = log.record(EVENT).values
    assert values["sealed"] == str(values["id"]).encode() + b'{"address":"192.0.2.1"}'[::-1]
    assert "192.0.2.1" not in str({name: value for name, value in values.items() if name != "sealed"})


def test_event_without_private_part_seals_nothing(log: AuditLog) -> None:
    assert log.record(AuditEvent(Event.BACKUP)).values["sealed"] is None


def test_two_records_of_one_event_differ(log: AuditLog) -> None:
    one, other = log.record(EVENT).values, log.record(EVENT).values
    assert one["id"] != other["id"]
    assert one["mac"] != other["mac"]


@pytest.mark.parametrize(
    "column",
    [
        *("id", "at_us", "event", "outcome", "reason", "case_code", "actor", "account_id"),
        *("client_id", "session_id", "target", "detail", "sealed", "salt", "commitment", "mac"),
    ],
)
def test_every_column_is_bound_by_the_commitment(log: AuditLog, store: ListStore, column: str) -> None:
    log.write(EVENT)
    row = store.rows[0]
    value = row[column]
    row[column] = value + 1 if isinstance(value, int) else value[:-1] if isinstance(value, bytes | str) else None
    assert fault_of(log, store) == 1


def test_value_cannot_move_to_the_next_column(log: AuditLog, store: ListStore) -> None:
    log.write(EVENT)
    row = store.rows[0]
    row["account_id"], row["client_id"] = row["client_id"], row["account_id"]
    assert fault_of(log, store) == 1


def test_nothing_and_empty_are_two_things(log: AuditLog, store: ListStore) -> None:
    log.write(AuditEvent(Event.BACKUP))
    store.rows[0]["account_id"] = ""
    assert fault_of(log, store) == 1


def test_records_of_one_event_have_commitments_that_do_not_tell(log: AuditLog) -> None:
    """Whoever guesses what happened cannot check the guess against a commitment: the salts are not known."""
    one, other = log.record(EVENT).values, log.record(EVENT).values
    assert one["salt"] != other["salt"]
    assert one["commitment"] != commitment_of({**one, "erased": None, "salt": other["salt"]})


def test_parts_are_json_arrays_of_the_documented_columns(log: AuditLog, store: ListStore) -> None:
    log.write(EVENT)
    row = store.rows[0]
    public, personal = orjson.loads(public_text(row)), orjson.loads(personal_text(row))
    assert public == [row[name] for name in PUBLIC]
    assert dict(zip(PERSONAL, personal, strict=True)) == {
        **{name: row[name] for name in PERSONAL},
        "sealed": bytes(row["sealed"]).hex(),  # type: ignore[call-overload]
    }


def test_public_part_names_nobody() -> None:
    assert {"id", "at_us", "event", "outcome", "case_code", "client_id"} == set(PUBLIC)


def test_erased_record_keeps_its_commitment(log: AuditLog, store: ListStore) -> None:
    log.write(EVENT)
    row = store.rows[0]
    salt = bytes(row["salt"])  # type: ignore[call-overload]
    digest = part_digest(salt[SALT_BYTES:], personal_text(row))
    row |= {"erased": digest, "salt": salt[:SALT_BYTES], "reason": "", "actor": "", "account_id": None}
    row |= {"session_id": None, "target": "", "detail": "{}", "sealed": None}
    assert commitment_of(row) == row["commitment"]
    assert fault_of(log, store) == 1
    log.write(AuditEvent(Event.AUDIT_ERASE, detail={"numbers": [[1, 1]]}))
    verdict = AuditTree(log, store, EmptyTree()).verify()
    assert (verdict.fault, verdict.erased) == (None, 1)


def test_mac_of_the_time_before_commitments_still_counts(log: AuditLog, store: ListStore) -> None:
    log.write(EVENT)
    row = store.rows[0]
    names = [*("id", "at_us", "event", "outcome", "reason", "case_code", "actor")]
    bound = [row[name] for name in (*names, "account_id", "client_id", "session_id", "target", "detail")]
    text = orjson.dumps([*bound, bytes(row["sealed"]).hex()])  # type: ignore[call-overload]
    row["mac"] = hmac.digest(KEY, text, "sha256")
    assert log.is_ours(row)
    row["reason"] = "other"
    assert not log.is_ours(row)


def test_link_depends_on_all_that_it_joins() -> None:
    row = {"id": "a", "mac": b"m"}
    links = [
        link(b"", 1, row),
        link(b"x", 1, row),
        link(b"", 2, row),
        link(b"", 1, {**row, "id": "b"}),
        link(b"", 1, {**row, "mac": b"n"}),
    ]
    assert len(set(links)) == len(links)


def test_search_opens_what_is_sealed(log: AuditLog) -> None:
    log.write(EVENT)
    [found] = log.search(AuditQuery())
    assert found["private"] == {"address": "192.0.2.1"}
    assert "mac" not in found
    assert "sealed" not in found


def test_every_event_is_a_subject_and_an_action() -> None:
    assert all(len(event.value.split(":")) == 2 and event.value.islower() for event in Event)
