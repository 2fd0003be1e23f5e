"""``idp accounts …`` over an embedded home: what is printed, and which exit code says what happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.services.account_import import rejects_path
from tests.support.accounts import sample_code, write_csv

RAW = "một câu dài mà tôi nhớ"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a way to run commands in one initialised home."""
    environment = {"IDP_HOME": str(tmp_path_factory.mktemp("home")), "IDP_DATABASE_URL": ""}
    runner = CliRunner()

    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = runner.invoke(main, arguments, input=stdin, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    ready = command("init")
    assert ready.exit_code == 0, ready.output
    return command


def add(run: Run, number: int, *more: str, stdin: str | None = None) -> str:
    code = ("--code-type", "cccd", "--code", sample_code(number))
    result = run("accounts", "add", *code, "--name", f"Công dân mẫu {number}", *more, "--json", stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return str(orjson.loads(result.stdout)["account_id"])


def shown(run: Run, *arguments: str) -> dict[str, Any]:
    result = run("accounts", "show", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return dict(orjson.loads(result.stdout))


def test_add_prints_the_id_and_takes_the_password_by_stdin(run: Run) -> None:
    account_id = add(run, 1, "--birthdate", "2199-05-01", "--password-stdin", stdin=f"{RAW}\n")
    assert shown(run, sample_code(1))["account_id"] == account_id
    assert shown(run, account_id)["factors"] == ["password"]


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        (("--code-type", "cccd", "--code", "12", "--name", "Mẫu"), 1),
        (("--code-type", "cccd", "--code", sample_code(2), "--name", "Mẫu", "--birthdate", "1950-01-01"), 1),
        (("--code-type", "cccd", "--code", sample_code(2)), 2),
        (("--code-type", "cccd", "--code", sample_code(2), "--name", "Mẫu", "--password", RAW), 2),
    ],
)
def test_add_refuses_with_the_right_exit_code(run: Run, options: tuple[str, ...], exit_code: int) -> None:
    result = run("accounts", "add", *options, "--json")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert run("accounts", "show", sample_code(2)).exit_code == 3


def test_add_refuses_a_taken_code_without_saying_whose(run: Run) -> None:
    account_id = add(run, 3)
    result = run("accounts", "add", "--code-type", "cccd", "--code", sample_code(3), "--name", "Another")
    assert result.exit_code == 1
    assert "code" in result.stderr
    assert account_id not in result.output
    assert sample_code(3) not in result.output


def test_a_weak_password_adds_no_account(run: Run) -> None:
    code = ("--code-type", "cccd", "--code", sample_code(4), "--name", "Mẫu")
    assert run("accounts", "add", *code, "--password-stdin", stdin=f"x{sample_code(4)}\n").exit_code == 1
    assert run("accounts", "show", sample_code(4)).exit_code == 3


def test_show_masks_codes_unless_they_are_revealed(run: Run) -> None:
    account_id = add(run, 5)
    masked, revealed = shown(run, account_id), shown(run, account_id, "--reveal", "--reason", "at the counter")
    assert [one["code"][-4:] for one in masked["codes"]] == ["0005"]
    assert sample_code(5) not in str(masked)
    assert "profile" not in masked
    assert revealed["codes"][0]["code"] == sample_code(5)
    assert revealed["profile"]["name"] == "Công dân mẫu 5"


def test_lock_unlock_and_close_follow_their_steps(run: Run) -> None:
    account_id = add(run, 6)
    steps = (
        ("lock", 0, "locked"),
        ("lock", 4, "locked"),
        ("unlock", 0, "active"),
        ("close", 0, "closed"),
        ("unlock", 4, "closed"),
    )
    for verb, exit_code, state in steps:
        yes = ("--yes",) if verb == "close" else ()
        assert run("accounts", verb, account_id, "--reason", "why", "--json", *yes).exit_code == exit_code
        assert shown(run, account_id)["state"] == state
    assert run("accounts", "lock", "nobody", "--reason", "why").exit_code == 3


def test_merge_asks_and_may_be_repeated(run: Run) -> None:
    loser, winner = add(run, 7), add(run, 8)
    assert run("accounts", "merge", loser, winner, "--reason", "twice", stdin="n\n").exit_code == 1
    assert shown(run, loser)["account_id"] == loser
    for _ in range(2):
        result = run("accounts", "merge", loser, winner, "--reason", "twice", "--yes", "--json")
        assert orjson.loads(result.stdout) == {"account_id": winner, "merged": loser}
    assert shown(run, loser)["account_id"] == winner
    assert run("accounts", "merge", winner, winner, "--reason", "self", "--yes").exit_code == 4


def test_a_merged_accounts_old_code_leads_to_the_account_that_it_was_merged_into(run: Run) -> None:
    loser, winner = add(run, 27), add(run, 28)
    assert run("accounts", "merge", loser, winner, "--reason", "twice", "--yes").exit_code == 0
    assert shown(run, sample_code(27))["account_id"] == winner
    assert run("accounts", "lock", sample_code(27), "--reason", "why", "--yes").exit_code == 3, "who acts names what is"


def test_enrol_prints_the_secret_once(run: Run) -> None:
    account_id = add(run, 9)
    printed = orjson.loads(run("accounts", "enrol", sample_code(9), "totp", "--json").stdout)
    assert re.fullmatch(r"[A-Z2-7]{32}", printed["secret"])
    assert printed["secret"] in printed["uri"]
    assert shown(run, account_id)["factors"] == ["totp"]
    assert run("accounts", "remove-factor", account_id, "totp", "--yes").exit_code == 0
    assert run("accounts", "remove-factor", account_id, "totp", "--yes").exit_code == 3


def test_factors_are_listed_and_taken_away_at_a_counter(run: Run) -> None:
    account_id = add(run, 61)
    run("accounts", "enrol", account_id, "totp")
    (row,) = [orjson.loads(line) for line in run("accounts", "factors", sample_code(61), "--json").stdout.splitlines()]
    assert (row["factor"], row["item"], row["left"]) == ("totp", "totp", None)
    for factor, exit_code in (("totp", 0), ("totp", 3), ("passkey", 3), ("recovery_code", 3), ("card", 2)):
        assert run("accounts", "remove-factor", account_id, factor, "--yes").exit_code == exit_code
    assert run("accounts", "factors", account_id, "--json").stdout == ""
    assert run("accounts", "factors", "nobody").exit_code == 3


def test_codes_are_added_ended_and_replaced(run: Run) -> None:
    account_id = add(run, 10)
    cmnd = ("--code-type", "cmnd", "--code", "201234567")
    assert run("accounts", "add-code", account_id, *cmnd, "--reason", "old card").exit_code == 0
    assert shown(run, "201234567")["account_id"] == account_id
    assert run("accounts", "end-code", account_id, *cmnd, "--reason", "not his", "--mistake").exit_code == 0
    assert run("accounts", "show", "201234567").exit_code == 3
    replace = ("--code-type", "cccd", "--code", sample_code(10), "--by", sample_code(11), "--reason", "anew")
    assert run("accounts", "replace-code", account_id, *replace).exit_code == 0
    assert run("accounts", "replace-code", account_id, *replace).exit_code == 3
    assert shown(run, sample_code(11))["account_id"] == account_id


def test_a_person_and_a_business_with_the_same_digits_are_told_apart(run: Run) -> None:
    person = add(run, 12)
    business = orjson.loads(
        run("accounts", "add", "--code-type", "mst", "--code", sample_code(12), "--name", "Hộ mẫu", "--json").stdout
    )
    assert shown(run, sample_code(12))["account_id"] == person
    assert shown(run, sample_code(12), "--code-type", "mst")["account_id"] == business["account_id"]


def test_import_lands_rows_and_exits_1_when_some_were_rejected(run: Run, tmp_path: Path) -> None:
    rows = [{"code_type": "cccd", "code": sample_code(100 + number), "name": "Mẫu"} for number in range(5)]
    good = write_csv(tmp_path / "good.csv", rows[:3])
    bad = write_csv(tmp_path / "bad.csv", [*rows[2:], {"code_type": "cccd", "code": "1", "name": "Mẫu"}])
    dry = run("accounts", "import", str(good), "--dry-run", "--json")
    assert (dry.exit_code, orjson.loads(dry.stdout)["landed"]) == (0, 3)
    assert run("accounts", "show", sample_code(100)).exit_code == 3
    summary = orjson.loads(run("accounts", "import", str(good), "--json").stdout)
    assert summary.keys() >= {"rows", "landed", "rejected", "seconds", "rate"}
    result = run("accounts", "import", str(bad), "--json")
    assert (result.exit_code, orjson.loads(result.stdout)["rejected"]) == (1, 2)
    assert len(rejects_path(bad).read_text(encoding="utf-8").splitlines()) == 3
    assert "%" not in result.stderr
    assert run("accounts", "import", str(tmp_path / "none.csv")).exit_code == 3


def test_a_number_of_no_province_is_a_warning_in_words_and_an_id_for_scripts(run: Run) -> None:
    code = ("--code-type", "cccd", "--name", "Mẫu", "--code")
    read = run("accounts", "add", *code, "999499000001")
    scripted = run("accounts", "add", *code, "999499000002", "--json")
    assert (read.exit_code, scripted.exit_code) == (0, 0)
    assert read.stderr == (
        "warning: code: its first three digits are no province's: right for a birth that was registered abroad, else compare it with the card\n"
    )
    assert scripted.stderr == "warning: code: unknown_province\n"


def test_a_unit_under_another_name_is_told_in_words_and_by_its_id_for_scripts(run: Run, tmp_path: Path) -> None:
    file, heading = tmp_path / "units.csv", "record,code,level,type,name,full_name,parent"
    for name, options in (("Mẫu", ()), ("Khác", ()), ("Khác", ("--json",))):
        file.write_text(f"{heading}\nunit,99,province,tỉnh,{name},Tỉnh {name},\n", "utf-8")
        done = run("units", "import", str(file), "--as-of", "2026-01-01", *options)
        assert done.exit_code == 0, done.stderr
        if name == "Mẫu":
            assert done.stderr == ""
        else:
            said = "name_differs" if options else "the register has this unit under another name, which stays"
            assert done.stderr == f"line 2: full_name: {said} (kept Tỉnh Mẫu)\n"
