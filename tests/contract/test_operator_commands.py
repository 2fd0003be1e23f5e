"""What an operator meets on a bad day: no database yet, a key whose id looks like an option, an act that cannot be undone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.clock import SystemClock
from idp.config.settings import Settings
from idp.model.session import Origin
from idp.wiring import Wiring
from policies import assurance
from tests.support.accounts import sample_code

Run = Callable[..., Result]


def runner(home: Path) -> Run:
    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin, env={"IDP_HOME": str(home), "IDP_DATABASE_URL": ""})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that ``idp init`` has made."""
    home = tmp_path_factory.mktemp("made")
    assert runner(home)("init").exit_code == 0
    return home


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Run:
    """Return a way to run commands in a copy of it."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return runner(tmp_path)


def test_before_init_the_doctor_names_what_is_missing_and_other_commands_say_a_sentence(tmp_path: Path) -> None:
    run = runner(tmp_path / "nothing")
    found = run("doctor", "--json")
    rows = {row["check"]: row for row in map(orjson.loads, found.stdout.splitlines())}
    assert found.exit_code == 5
    assert not rows["master key"]["ok"]
    assert not rows["schema"]["ok"]
    current = run("db", "current")
    assert (current.exit_code, current.stdout) == (1, "")
    assert current.stderr.startswith("error: ")


def test_master_key_is_exchanged_and_the_deployment_goes_on_under_the_new_one(run: Run, tmp_path: Path) -> None:
    successor, former = tmp_path / "master.key.new", tmp_path / "master.key"
    words = ("keys", "rewrap", str(successor), "--reason", "an operator left")
    assert run(*words).exit_code == 1, "nobody answered the question"
    assert not successor.exists()
    done = run(*words, "--yes", "--json")
    assert (done.exit_code, orjson.loads(done.stdout)["master_key"]) == (0, str(successor))
    assert successor.stat().st_mode & 0o777 == 0o600
    assert run("doctor").exit_code == 5
    successor.replace(former)
    assert run("doctor").exit_code == 0
    assert run("audit", "verify").exit_code == 0
    assert run("audit", "search", "--event", "key:rewrap", "--json").stdout.count("\n") == 1
    assert run("keys", "rewrap", str(former), "--reason", "again", "--yes").exit_code == 4


def test_a_person_reads_yes_and_no_and_a_script_reads_json(run: Run) -> None:
    shown = run("doctor").stdout.splitlines()
    assert {line.split("  ")[0]: line for line in shown}["database"].split() == ["database", "yes", "sqlite"]
    assert "none" in next(line for line in shown if line.startswith("sample accounts"))
    first = orjson.loads(run("doctor", "--json").stdout.splitlines()[0])
    assert first["ok"] is True


def test_backup_that_is_refused_leaves_no_record_that_one_was_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "copy").touch()
    refused = run("db", "backup", str(tmp_path / "copy"))
    assert refused.exit_code == 4
    assert "exists already" in refused.stderr
    assert run("audit", "search", "--event", "deployment:backup", "--json").stdout == ""
    assert run("db", "backup", str(tmp_path / "other")).exit_code == 0
    assert run("audit", "search", "--event", "deployment:backup", "--json").stdout.count("\n") == 1


@pytest.mark.parametrize("verb", [("keys", "retire"), ("keys", "revoke"), ("federation", "keys", "revoke")])
@pytest.mark.parametrize(
    "kid", ["-h3rYltJGaGohvMLLdTRjWP1a3iZsALMSuS3_8s9LdI", "--3rYltJGaGohvMLLdTRjWP1a3iZsALMSuS3_8s9LdI"]
)
def test_a_key_id_that_begins_with_a_hyphen_is_no_option(run: Run, verb: tuple[str, ...], kid: str) -> None:
    result = run(*verb, kid, "--reason", "leaked", "--yes", "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert kid in result.stderr


def test_one_rotation_is_moved_within_bounds_and_back(run: Run) -> None:
    def active() -> dict[str, Any]:
        rows = map(orjson.loads, run("keys", "list", "--json").stdout.splitlines())
        return next(row for row in rows if (row["alg"], row["state"]) == ("ES256", "active"))

    before = active()
    at, kid = before["retires"] + 86_400, before["kid"]
    moment = datetime.fromtimestamp(at, UTC).isoformat()
    assert run("keys", "schedule", kid, "--at", moment, "--reason", "holiday").exit_code == 0
    assert (active()["retires"], active()["moved_from"]) == (at, before["retires"])
    assert run("keys", "schedule", kid, "--at", "2999-01-01T00:00+07:00").exit_code == 4
    assert run("keys", "schedule", kid, "--at", moment.removesuffix("+00:00")).exit_code == 1
    assert run("keys", "schedule", "-none", "--at", moment).exit_code == 3
    assert run("keys", "unschedule", kid).exit_code == 0
    assert active() == before


def test_a_next_key_that_caches_cannot_know_yet_signs_only_by_force(run: Run) -> None:
    assert run("keys", "rotate", "--alg", "RS256").exit_code == 4
    assert run("keys", "rotate", "--alg", "RS256", "--force", "--reason", "thử").exit_code == 0


def test_a_misspelt_option_beside_a_key_id_is_still_refused(run: Run) -> None:
    assert run("keys", "revoke", "kid", "--reason", "leaked", "--yse").exit_code == 2


def test_what_ends_something_takes_yes_and_what_is_final_does_nothing_unanswered(run: Run, tmp_path: Path) -> None:
    code = sample_code(1)
    run("accounts", "add", "--code-type", "cccd", "--code", code, "--name", "Công dân mẫu 01")
    account_id = orjson.loads(run("accounts", "show", code, "--json").stdout)["account_id"]
    sessions = Wiring(Settings(home=tmp_path), SystemClock()).sessions
    sessions.start(account_id, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    ended = run("sessions", "revoke", code, "--reason", "lost telephone", "--yes", "--json")
    assert orjson.loads(ended.stdout) == {"ended": 1}
    assert run("consents", "revoke", code, "nobody", "--reason", "asked", "--yes").exit_code == 3
    assert run("accounts", "lock", code, "--reason", "asked", "--yes").exit_code == 0
    assert run("accounts", "close", code, "--reason", "died").exit_code == 1
    assert orjson.loads(run("accounts", "show", code, "--json").stdout)["state"] == "locked"
    assert run("accounts", "close", code, "--reason", "died", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "backup", "/nonexistent/copy"),
        ("audit", "export", "/nonexistent/records"),
        ("audit", "witness", "init", "--log", __file__, "--origin", "https://id.example.vn", "witness"),
        ("keys", "drill", "--at", "http://["),
        ("keys", "drill", "--at", "http://127.0.0.1:99999"),
    ],
)
def test_what_an_operator_named_wrongly_is_a_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith("error: ")


def test_a_directory_is_no_copy_to_restore_and_octets_that_are_no_text_are_no_argument(
    run: Run, tmp_path: Path
) -> None:
    assert run("db", "restore", str(tmp_path), "--yes").exit_code == 2
    assert run("accounts", "lock", "\udcff", "--yes").exit_code == 2


def test_a_copy_can_be_put_on_a_machine_that_has_only_the_master_key(run: Run, tmp_path: Path) -> None:
    code = sample_code(1)
    assert run("accounts", "add", "--code-type", "cccd", "--code", code, "--name", "Công dân mẫu 01").exit_code == 0
    key, copy, new = tmp_path / "master.key", tmp_path / "copy", tmp_path / "new" / "home"
    assert run("db", "backup", str(copy)).exit_code == 0
    environment = {"IDP_MASTER_KEY_FILE": str(key), "IDP_HOME": str(new), "IDP_DATABASE_URL": ""}
    restored = CliRunner().invoke(main, ["db", "restore", str(copy), "--yes"], env=environment)
    assert restored.exit_code == 0, restored.stderr
    assert new.stat().st_mode & 0o777 == 0o700
    shown = CliRunner().invoke(main, ["accounts", "show", code, "--json"], env=environment)
    assert orjson.loads(shown.stdout)["state"] == "active"


def test_options_of_an_account_are_the_columns_of_a_file_letter_by_letter(run: Run) -> None:
    code = sample_code(2)
    added = run("accounts", "add", "--code_type", "cccd", "--code", code, "--name", "Công dân mẫu 02", "--json")
    assert added.exit_code == 0, added.stderr
    assert run("accounts", "show", code).exit_code == 0


@pytest.mark.parametrize("module", ["keys", "clients", "deployment"])
def test_commands_over_the_stores_load_no_pages(module: str) -> None:
    """Half of what a command takes to start."""
    asked = (
        f"import sys, idp.cli.{module}; print([name for name in ('flask', 'idp.wiring.root') if name in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", asked), capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
