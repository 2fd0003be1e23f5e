"""``kill -9`` of an import, again and again: at the end nothing is lost, doubled or different."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from idp.services.account_import import rejects_path
from idp.storage.database import Database
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts, audit_events, identity_codes, imports
from tests.support.accounts import make_people, sample_code, write_csv
from tests.support.stores import stored

ROWS = 3_000
BATCH = 50
ROOT = Path(__file__).parents[2]


def written(path: Path) -> Path:
    """Write a file in which some rows are wrong, some are doubled and some hold line breaks."""
    rows = []
    for number in range(ROWS):
        code = sample_code(number - 40 if number % 50 == 49 else number)
        street = f"{number} Trần Phú\nTam Kỳ" if number % 7 == 0 else ""
        row = {"code_type": "cccd", "code": "12" if number % 31 == 30 else code, "name": f"Công dân mẫu {number}"}
        rows.append({**row, "address_formatted": street})
    return write_csv(path, rows, ("code_type", "code", "name", "address_formatted"))


def start(database: Database, path: Path) -> subprocess.Popen[str]:
    url = f"sqlite:///{database.path}" if isinstance(database, SqliteDatabase) else ""
    if isinstance(database, PostgresqlDatabase):
        url = database.url
    arguments = [sys.executable, "-m", "tests.support.import_process", url, str(path), str(BATCH)]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def kill_after(process: subprocess.Popen[str], batches: int, pause: float) -> bool:
    """Kill the process once it has reported some batches, somewhere in the next; tell whether it came to its end first."""
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(batches):
        if not process.stdout.readline():
            break
        with suppress(BrokenPipeError):  # It may have come to its end.
            process.stdin.write("\n")
            process.stdin.flush()
    time.sleep(pause)
    process.kill()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
    return process.wait() == 0


def outcome(database: Database) -> tuple[dict[str, str], dict[str, object]]:
    """Return every code with its person's name, and what the import says of itself."""
    people = make_people(database)
    found = {}
    for row in stored(database, accounts):
        (entry,) = people.accounts.codes(row["id"])
        assert entry.value not in found
        found[entry.value] = str(people.accounts.get(row["id"]).profile["name"])
    assert len(stored(database, identity_codes)) == len(found)
    (state,) = stored(database, imports)
    return found, {name: value for name, value in state.items() if not name.endswith("_at")}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_import_ends_as_one_that_was_never_killed(
    database: Database, tmp_path: Path, sqlite_template: Path, seed: int
) -> None:
    path = written(tmp_path / "killed.csv")
    calm_path = Path(tmp_path / "calm.csv")
    calm_path.write_bytes(path.read_bytes())
    calm = SqliteDatabase(tmp_path / "calm.sqlite3")
    calm.path.write_bytes(sqlite_template.read_bytes())
    make_people(calm, batch=BATCH).importer.run(calm_path)
    make_people(database)
    chance, kills = random.Random(seed), 0
    while not kill_after(start(database, path), chance.randint(0, 12), chance.random() / 20):
        kills += 1
        assert kills < 200
    assert kills >= 4
    assert outcome(database) == outcome(calm)
    assert rejects_path(path).read_bytes() == rejects_path(calm_path).read_bytes()
    details = [orjson.loads(row["detail"]) for row in stored(database, audit_events, event="account:import")]
    spans = sorted((detail["from_line"], detail["to_line"]) for detail in details)
    assert all(end + 1 == begin for (_, end), (begin, _) in pairwise(spans))
    assert sum(detail["landed"] + detail["rejected"] for detail in details) == ROWS
    calm.close()
