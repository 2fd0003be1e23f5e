"""``idp audit …`` over an embedded home; what is exported there is verified in another folder, without home, settings or database."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.support.provider import ROOT

Run = Callable[..., Result]


MST = ("0100233488", "0314409058", "0100109106", "0100686174")


def runner_of(home: Path) -> Run:
    """Return a way to run commands in a home."""
    runner = CliRunner(env={"IDP_HOME": str(home), "IDP_DATABASE_URL": ""})

    def command(*arguments: str) -> Result:
        result = runner.invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose log has some records and a signed head."""
    home = tmp_path_factory.mktemp("template")
    command = runner_of(home)
    assert command("init").exit_code == 0
    for number, code in enumerate(MST):
        added = command("accounts", "add", "--code-type", "mst", "--code", code, "--name", f"Doanh nghiệp mẫu {number}")
        assert added.exit_code == 0
    assert command("audit", "checkpoint").exit_code == 0
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """Return a home of the test's own."""
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def run(home: Path) -> Run:
    """Return a way to run commands in the home."""
    return runner_of(home)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return the folder of somebody else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def exported(run: Run, elsewhere: Path, *options: str, name: str = "bundle.jsonl") -> Path:
    path = elsewhere / name
    result = run("audit", "export", "--bundle", *options, str(path))
    assert result.exit_code == 0, result.stderr
    return path


def verified(path: Path, *options: str, apart: bool = False) -> tuple[int, dict[str, Any]]:
    """Verify a bundle in its folder, with an environment that knows no deployment; ``apart``: in a process of its own."""
    arguments = ["audit", "verify", "--bundle", path.name, *options, "--json"]
    environment = {"IDP_ISSUER": "no URL at all", "IDP_HOME": str(path.parent / "nothing")}
    if apart:
        command = [sys.executable, "-m", "idp", *arguments]
        around = {**environment, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=path.parent, env=around, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        code, text = done.returncode, done.stdout.decode()
    else:
        with contextlib.chdir(path.parent):
            result = CliRunner(env=environment).invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        code, text = result.exit_code, result.stdout
    assert not (path.parent / "nothing").exists()
    return code, orjson.loads(text) if text else {}


def tampered(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "dinhdanh.sqlite3")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_whole_log_is_verified_elsewhere_with_keys_got_by_another_way(run: Run, elsewhere: Path) -> None:
    path = exported(run, elsewhere)
    (elsewhere / "keys.json").write_text(run("audit", "keys").stdout)
    code, found = verified(path, "--key", "keys.json", apart=True)
    assert (code, found["ok"], found["keys_from"]) == (0, True, "you")
    assert found["checked"] == found["size"] == found["last"]
    assert run("audit", "search", "--event", "audit:export", "--json").stdout.count("audit:export") == 1


def test_bundle_without_keys_is_held_against_its_own_and_says_so(run: Run, elsewhere: Path) -> None:
    code, found = verified(exported(run, elsewhere, name="bundle.jsonl.gz"))
    assert (code, found["keys_from"], len(found["keys"])) == (0, "bundle", 2)


def test_keys_of_another_log_verify_nothing(run: Run, elsewhere: Path, tmp_path: Path) -> None:
    path = exported(run, elsewhere)
    other = runner_of(tmp_path / "other")
    assert other("init").exit_code == 0
    assert other("audit", "checkpoint").exit_code == 0
    (elsewhere / "keys.json").write_text(other("audit", "keys").stdout)
    code, found = verified(path, "--key", "keys.json")
    assert (code, found["reason"]) == (5, "no signature of the log fits the head")


def test_export_without_personal_data_names_nobody_and_still_proves(run: Run, elsewhere: Path) -> None:
    path = exported(run, elsewhere, "--without-personal-data")
    accounts = orjson.loads(run("audit", "search", "--event", "account:add", "--limit", "1", "--json").stdout)
    text = path.read_text()
    assert accounts["account_id"] not in text
    assert "operator:local" not in text
    assert "account:add" in text
    code, found = verified(path)
    assert (code, found["hidden"]) == (0, found["checked"])


def test_part_of_the_log_is_proved_by_what_lies_beside_it(run: Run, elsewhere: Path) -> None:
    path = exported(run, elsewhere, "--first", "3", "--last", "5")
    code, found = verified(path)
    assert (code, found["first"], found["last"], found["checked"]) == (0, 3, 5, 3)
    assert found["size"] > 5


def test_plain_export_is_a_record_a_line(run: Run, elsewhere: Path) -> None:
    path = elsewhere / "log.jsonl"
    assert run("audit", "export", str(path)).exit_code == 0
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[-1]["event"] == "audit:export"
    assert path.stat().st_mode & 0o077 == 0


def test_export_without_a_file_goes_to_stdout_like_any_other_data(run: Run) -> None:
    for options in ((), ("--json",), ("-",)):
        result = run("audit", "export", *options)
        assert result.exit_code == 0
        assert [orjson.loads(line)["seq"] for line in result.stdout.splitlines()][:3] == [1, 2, 3]
    assert orjson.loads(run("audit", "export", "--bundle").stdout.splitlines()[0])


@pytest.mark.parametrize("options", [("--without-personal-data",), ("--first", "2")])
def test_range_and_hiding_are_for_bundles(run: Run, elsewhere: Path, options: tuple[str, ...]) -> None:
    assert run("audit", "export", *options, str(elsewhere / "x")).exit_code == 1
    assert not (elsewhere / "x").exists()


CHANGES: list[tuple[tuple[str, ...], int]] = [
    (("UPDATE audit_events SET reason = 'harmless' WHERE seq = 4",), 4),
    (("UPDATE audit_events SET event = 'account:lock' WHERE seq = 3",), 3),
    (("UPDATE audit_events SET at_us = 1 WHERE seq = 5",), 5),
    (("DELETE FROM audit_events WHERE seq = 2",), 2),
    (
        (
            "UPDATE audit_events SET seq = -1 WHERE seq = 3",
            "UPDATE audit_events SET seq = 3 WHERE seq = 6",
            "UPDATE audit_events SET seq = 6 WHERE seq = -1",
        ),
        3,
    ),
    (("UPDATE audit_events SET erased = commitment, salt = substr(salt, 1, 16) WHERE seq = 4",), 4),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_tampering_by_sql_is_found_on_exported_data(run: Run, home: Path, elsewhere: Path, number: int) -> None:
    statements, position = CHANGES[number]
    tampered(home, *statements)
    code, found = verified(exported(run, elsewhere))
    assert (code, found["ok"], found["position"]) == (5, False, position)
    online = run("audit", "verify", "--json")
    assert (online.exit_code, orjson.loads(online.stdout)["position"]) == (5, position)


TREE = ("DELETE FROM audit_tiles", "UPDATE audit_tree SET size = 0")


def without_heads(home: Path, *statements: str) -> None:
    """Rewrite the log as somebody would who can write every table, and let the provider enter it anew."""
    tampered(home, *statements, *TREE, "DELETE FROM audit_heads")


def test_log_that_was_cut_and_entered_anew_is_found_by_an_earlier_head(run: Run, home: Path, elsewhere: Path) -> None:
    before = run("audit", "checkpoint", "--json")
    (elsewhere / "seen.json").write_text(before.stdout)
    size = orjson.loads(before.stdout)["size"]
    without_heads(home, "DELETE FROM audit_events WHERE seq > (SELECT max(seq) - 3 FROM audit_events)")
    tampered(home, "UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM audit_events) WHERE name = 'audit_events'")
    path = exported(run, elsewhere)
    assert verified(path)[0] == 0
    code, found = verified(path, "--checkpoint", "seen.json")
    assert (code, found["position"], found["reason"][:12]) == (5, size - 1, "missing tail")
    assert run("audit", "verify", "--checkpoint", str(elsewhere / "seen.json")).exit_code == 5


def test_fork_is_found_by_an_earlier_head(run: Run, home: Path, elsewhere: Path) -> None:
    """Somebody with every table and the provider's own keys writes history anew."""
    (elsewhere / "seen.json").write_text(run("audit", "checkpoint", "--json").stdout)
    without_heads(home, "DELETE FROM audit_events WHERE seq = 2", "UPDATE audit_events SET seq = 2 WHERE seq = 3")
    path = exported(run, elsewhere)
    assert verified(path)[0] == 0
    code, found = verified(path, "--checkpoint", "seen.json")
    assert (code, found["position"]) == (5, 1)
    assert "rewritten" in found["reason"]


def test_tree_that_was_rewritten_with_its_records_does_not_fit_its_signed_heads(run: Run, home: Path) -> None:
    tampered(home, *TREE, "DELETE FROM audit_events WHERE seq = 2", "UPDATE audit_events SET seq = 2 WHERE seq = 3")
    refused = run("audit", "checkpoint")
    assert refused.exit_code == 1
    assert "was rewritten" in refused.stderr
    assert run("audit", "verify").exit_code == 5


def rewritten(lines: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield bundles that a forger made of one."""
    places = {name: [n for n, line in enumerate(lines) if name in line] for name in ("seq", "head", "right")}
    record, head = places["seq"][1], places["head"][0]
    for changed in (
        {"public": "[]"},
        {"salt": "00" * 32},
        {"leaf": "00" * 32},
        {"seq": 9},
        {"void": True},
        {"salt": 7},
    ):
        yield [*lines[:record], {**lines[record], **changed}, *lines[record + 1 :]]
    yield [*lines[:record], *lines[record + 1 :]]
    yield [*lines[:record], lines[record], *lines[record:]]
    yield [line for line in lines if "head" not in line]
    yield [*lines[:head], {"head": {}}, *lines[head + 1 :]]
    yield [*lines[: places["right"][0]], {"right": ["00" * 32]}, *lines[places["right"][0] + 1 :]]
    yield [{**lines[0], "last": lines[0]["last"] - 1}, *lines[1:]]
    yield [{**lines[0], "first": 2}, *lines[1:]]
    yield [{**lines[0], "origin": "https://other.example"}, *lines[1:]]
    yield [{**lines[0], "bundle": "other"}, *lines[1:]]
    yield [lines[0], {"keys": []}, *lines[2:]]
    yield [*lines[:-1], {"end": 1}]
    for end in (0, 1, 2, record, len(lines) - 1):
        yield lines[:end]


def test_bundle_that_was_tampered_with_itself_is_refused(run: Run, elsewhere: Path) -> None:
    path = exported(run, elsewhere)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    verify = ("audit", "verify", "--json", "--bundle")
    assert run(*verify, str(path)).exit_code == 0
    for number, forged in enumerate(rewritten(lines)):
        path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in forged))
        result = run(*verify, str(path))
        assert result.exit_code == 5, (number, result.output)


@pytest.mark.parametrize(
    "garbage", [b"", b"\x00", b"[]\n", b"{}\n", b"{", gzip.compress(b"{}", mtime=0)[:-9], b"\x1f\x8bxx"]
)
def test_what_is_no_bundle_is_refused_and_no_crash(run: Run, elsewhere: Path, garbage: bytes) -> None:
    path = elsewhere / "x"
    path.write_bytes(garbage)
    assert run("audit", "verify", "--bundle", str(path)).exit_code == 5


def test_keys_are_replaced_with_a_reason_and_old_heads_still_count(run: Run, elsewhere: Path) -> None:
    assert run("audit", "rotate-keys").exit_code == 2
    assert run("audit", "rotate-keys", "--reason", "drill").exit_code == 0
    assert run("audit", "checkpoint").exit_code == 0
    assert run("audit", "verify").exit_code == 0
    code, found = verified(exported(run, elsewhere))
    assert (code, len(found["keys"])) == (0, 4)


def test_person_is_erased_with_a_reason_and_the_log_still_verifies(run: Run, elsewhere: Path) -> None:
    shown = orjson.loads(run("audit", "search", "--event", "account:add", "--limit", "1", "--json").stdout)
    account_id = shown["account_id"]
    assert run("audit", "erase", account_id, "--yes").exit_code == 2
    erased = run(
        "audit", "erase", account_id, "--reason", "QĐ 12", "--before", "2020-01-01T00:00:00+07:00", "--yes", "--json"
    )
    assert orjson.loads(erased.stdout) == {"erased": 0, "erased_in_archives": 0}
    assert run("audit", "erase", account_id, "--reason", "QĐ 12", "--before", "x", "--yes").exit_code == 1
    erased = run("audit", "erase", account_id, "--reason", "QĐ 12", "--yes", "--json")
    assert orjson.loads(erased.stdout)["erased"] >= 1
    path = exported(run, elsewhere)
    assert account_id not in path.read_text()
    code, found = verified(path)
    assert (code, found["erased"] >= 1) == (0, True)
    assert run("audit", "verify").exit_code == 0


def test_nothing_young_is_archived(run: Run) -> None:
    assert orjson.loads(run("audit", "archive", "--json").stdout) == {"archived": 0}


def test_indicator_is_shown_as_table_csv_json_and_picture(run: Run) -> None:
    assert run("indicators", "update", "--json").exit_code == 0
    [month] = [orjson.loads(line)["month"] for line in run("indicators", "months", "--json").stdout.splitlines()]
    show = ("indicators", "show", "--month", month)
    document = orjson.loads(run(*show, "--json").stdout)
    assert (document["month"], document["closed"], document["target"]) == (month, False, 90)
    assert {row["scope"] for row in document["figures"]} == {"all"}
    assert all(row["used"] is None for row in document["figures"] if row["kind"] == "all")
    assert run(*show, "--csv").stdout.startswith("scope,code,name,kind,used,")
    assert run(*show, "--svg").stdout.startswith("<svg ")
    assert run(*show).exit_code == 0
    assert run("indicators", "show", "--month", "1999-01").exit_code == 3
    assert run("indicators", "show", "--month", "x").exit_code == 1


def test_file_that_is_no_checkpoint_is_refused_and_not_passed_over(run: Run, elsewhere: Path) -> None:
    for content in ("{}", '{"size": 1}', "[]", "x"):
        (elsewhere / "x.json").write_text(content)
        assert run("audit", "verify", "--checkpoint", str(elsewhere / "x.json")).exit_code == 1
