"""The import of accounts over real databases: batches, rejected rows, going on, dry runs."""

from __future__ import annotations

import csv
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt
import orjson
import pytest

from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, Event
from idp.ports.imports import Checkpoint
from idp.services.account_import import Progress, rejects_path
from idp.storage.database import Database
from idp.storage.tables import accounts, audit_events, credentials, identity_codes, imports
from policies.identity_codes import parse
from tests.support.accounts import People, make_people, sample_code, write_csv
from tests.support.clock import FrozenClock
from tests.support.stores import reopened, stored

RAW = "một câu dài mà tôi nhớ"


@pytest.fixture
def people(database: Database, clock: FrozenClock) -> People:
    """Return the services over the test's database, with batches of ten rows."""
    return make_people(database, clock, batch=10)


def row(number: int, **columns: str) -> dict[str, str]:
    return {"code_type": "cccd", "code": sample_code(number), "name": f"Công dân mẫu {number}", **columns}


def rejected(path: Path) -> list[dict[str, str]]:
    with rejects_path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def values(people: People) -> set[str]:
    return {entry.value for found in stored(people.database, accounts) for entry in people.accounts.codes(found["id"])}


def test_every_row_lands_with_its_columns_and_batches_are_audited(people: People, tmp_path: Path) -> None:
    columns = ("code_type", "code", "name", "email", "identity_level", "unit", "external_id", "password_hash")
    stored_hash = bcrypt.hashpw(RAW.encode(), bcrypt.gensalt(4)).decode()
    rows = [row(number, email=f"a{number}@example.vn", identity_level="2", unit="20194") for number in range(25)]
    rows[7] |= {"external_id": "dc-7", "password_hash": stored_hash}
    seen: list[Progress] = []
    summary = people.importer.run(write_csv(tmp_path / "a.csv", rows, columns), progress=seen.append)
    assert (summary.rows, summary.landed, summary.rejected, summary.rejects) == (25, 25, 0, None)
    assert not rejects_path(tmp_path / "a.csv").exists()
    account = people.accounts.find(sample_code(7))
    assert (account.profile["email"], account.identity_level) == ("a7@example.vn", 2)
    assert account.unit is not None
    assert account.unit.code == "20194"
    assert account.external_id == "dc-7"
    assert people.credentials.verify_password(account.id, RAW).ok
    details = [orjson.loads(one["detail"]) for one in stored(people.database, audit_events, event="account:import")]
    assert [detail["landed"] for detail in details] == [10, 10, 5]
    assert [one.rows for one in seen] == [0, 10, 20, 25]
    assert seen[-1].done_bytes == seen[-1].total_bytes == (tmp_path / "a.csv").stat().st_size


def test_rejected_rows_have_line_column_reason_and_can_be_corrected(people: People, tmp_path: Path) -> None:
    people.add(sample_code(3))
    rows = [row(number) for number in range(15)]
    rows[5]["code"] = "12"
    rows[9]["code"] = sample_code(8)
    rows[12]["name"] = ""
    path = write_csv(tmp_path / "a.csv", rows)
    summary = people.importer.run(path)
    assert (summary.rows, summary.landed, summary.rejected) == (15, 11, 4)
    assert summary.reasons == {"wrong_length": 1, "taken": 2, "invalid_input": 1}
    found = [(one["rejected_line"], one["rejected_column"], one["rejected_reason"]) for one in rejected(path)]
    assert found == [
        ("5", "code", "taken"),
        ("7", "code", "wrong_length"),
        ("11", "code", "taken"),
        ("14", "name", "invalid_input"),
    ]
    assert stat.S_IMODE(rejects_path(path).stat().st_mode) == 0o600
    fixed = rejects_path(path).read_text(encoding="utf-8").replace(",12,", f",{sample_code(5)},")
    rejects_path(path).write_text(fixed, encoding="utf-8")
    again = people.importer.run(rejects_path(path))
    assert (again.landed, again.rejected) == (1, 3)
    assert people.accounts.find(sample_code(5)).profile["name"] == "Công dân mẫu 5"


def test_a_code_or_external_id_that_somebody_has_or_had_is_rejected(people: People, tmp_path: Path) -> None:
    kept, gone = people.add(sample_code(1), external_id="dc-1"), people.add(sample_code(2))
    people.codes.end(gone, parse("cccd", sample_code(2)), reason="cancelled")
    people.accounts.merge(people.add(sample_code(3)), kept, reason="same person")
    rows = [row(1), row(2), row(3), row(4, external_id="dc-1"), row(5, external_id="e"), row(6, external_id="e")]
    columns = ("code_type", "code", "name", "external_id")
    summary = people.importer.run(write_csv(tmp_path / "a.csv", rows, columns))
    assert (summary.landed, summary.reasons) == (1, {"taken": 5})
    assert [one["rejected_column"] for one in rejected(tmp_path / "a.csv")] == [*["code"] * 3, *["external_id"] * 2]


def test_json_lines_land_as_csv_does(people: People, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines: list[Any] = [{**row(1), "email_verified": True, "identity_level": 2}, {**row(2), "code": 5}, [1], row(3)]
    path.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    summary = people.importer.run(path)
    assert (summary.landed, summary.reasons) == (2, {"wrong_length": 1, "not_json": 1})
    assert people.accounts.find(sample_code(1)).profile["email_verified"] is True
    assert rejected(path)[1]["rejected_row"] == "[1]"


def test_a_finished_file_is_not_read_again_unless_asked(people: People, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [row(number) for number in range(12)])
    people.importer.run(path)
    again = people.importer.run(path.rename(tmp_path / "renamed.csv"))
    assert (again.done_before, again.landed, again.rejected) == (True, 12, 0)
    forced = people.importer.run(tmp_path / "renamed.csv", again=True)
    assert (forced.done_before, forced.landed, forced.reasons) == (False, 0, {"taken": 12})
    assert len(stored(people.database, accounts)) == 12


def test_an_interrupted_import_goes_on_where_it_stood(people: People, tmp_path: Path) -> None:
    rows = [row(number) for number in range(35)]
    rows[4]["code"] = rows[24]["code"] = "12"
    path = write_csv(tmp_path / "a.csv", rows)

    def stop(progress: Progress) -> None:
        if progress.rows == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        people.importer.run(path, progress=stop)
    with rejects_path(path).open("a", encoding="utf-8") as file:
        file.write("half a row that a killed run wro")
    summary = people.importer.run(path, again=True)
    assert (summary.rows, summary.landed, summary.rejected, summary.resumed_at_line) == (35, 33, 2, 22)
    assert [one["rejected_line"] for one in rejected(path)] == ["6", "26"]
    assert values(people) == {one["code"] for one in rows} - {"12"}


def test_without_the_file_of_rejected_rows_it_does_not_go_on(people: People, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [row(0, code="12"), *(row(number) for number in range(1, 25))])

    def stop(progress: Progress) -> None:
        if progress.rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        people.importer.run(path, progress=stop)
    rejects_path(path).unlink()
    with pytest.raises(Refused) as caught:
        people.importer.run(path)
    assert caught.value.code == "rejects_missing"


def test_a_dry_run_finds_what_the_import_finds_and_writes_nothing(people: People, tmp_path: Path) -> None:
    people.add(sample_code(3))
    rows = [row(number, external_id=f"dc-{number % 20}") for number in range(25)]
    rows[5]["code"] = "12"
    rows[21]["code"] = sample_code(2)
    path = write_csv(tmp_path / "a.csv", rows, ("code_type", "code", "name", "external_id"))
    before = {table.name: stored(people.database, table) for table in (accounts, identity_codes, audit_events, imports)}
    dry = people.importer.run(path, dry_run=True)
    after = {table.name: stored(people.database, table) for table in (accounts, identity_codes, audit_events, imports)}
    assert (before, list(tmp_path.glob("a.csv*"))) == (after, [path])
    real = people.importer.run(path)
    assert dry.dry_run
    assert replace(dry, seconds=0, rate=0, dry_run=False, rejects=real.rejects) == replace(real, seconds=0, rate=0)


def test_a_code_that_is_taken_between_check_and_commit_is_rejected(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "a.csv", [row(number) for number in range(5)])
    store = people.importer._store
    land = store.land

    def late(*arguments: Any) -> bool:
        monkeypatch.undo()
        people.add(sample_code(2))
        return land(*arguments)

    monkeypatch.setattr(store, "land", late)
    summary = people.importer.run(path)
    assert (summary.landed, summary.reasons) == (4, {"taken": 1})
    assert len(stored(people.database, accounts)) == 5


def test_two_imports_at_once_are_refused(people: People, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [row(1)])
    with reopened(people.database) as other, make_people(other).importer._store.exclusive() as mine:
        assert mine
        with pytest.raises(Refused) as caught:
            people.importer.run(path)
        assert caught.value.code == "import_running"
    assert people.importer.run(path).landed == 1


def test_a_batch_lands_only_on_the_checkpoint_it_was_read_from(people: People) -> None:
    store, record = people.importer._store, people.audit.record
    from_start = Checkpoint("d" * 64, 100, 11, 10, 0, 0, 5)
    draft = people.accounts.draft(row(1))
    new = people.accounts.prepare(draft)
    event = record(AuditEvent(Event.ACCOUNT_IMPORT))
    assert store.land([new], None, from_start, event)
    further = replace(from_start, byte_offset=200, line=21)
    for before in (None, replace(from_start, byte_offset=50)):
        assert not store.land(
            [people.accounts.prepare(people.accounts.draft(row(2)))],
            before,
            further,
            record(AuditEvent(Event.ACCOUNT_IMPORT)),
        )
    with pytest.raises(Conflict):
        store.land([people.accounts.prepare(draft)], from_start, further, record(AuditEvent(Event.ACCOUNT_IMPORT)))
    assert store.checkpoint("d" * 64) == from_start
    assert len(stored(people.database, accounts)) == len(stored(people.database, audit_events)) == 1


def test_a_file_that_changes_while_it_is_read_stops_the_import(people: People, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [row(number) for number in range(25)])

    def grow(progress: Progress) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write("x")

    with pytest.raises(Refused) as caught:
        people.importer.run(path, progress=grow)
    assert caught.value.code == "file_changed"


def test_files_that_cannot_be_imported_say_why(people: People, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        people.importer.run(tmp_path / "none.csv")
    with pytest.raises(InvalidInput):
        people.importer.run(tmp_path)
    (tmp_path / "a.csv").write_text("who,what\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        people.importer.run(tmp_path / "a.csv")
    assert caught.value.code == "unknown_column"
    assert stored(people.database, credentials) == []
