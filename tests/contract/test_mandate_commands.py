"""``idp mandates …`` over an embedded home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.support.accounts import sample_code

Run = Callable[..., Result]
BUSINESS = "0100233488"
AGENCY = "H47.14"
UNIT = "20335"
DUTY = ("--evidence-kind", "assignment_decision", "--unit", UNIT)
UNITS = [{"code": UNIT, "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu", "parent": None}]


UNTIL = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
"""The commands go by the real clock."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a way to run commands in one home with a business, a parent and a child."""
    home: Path = tmp_path_factory.mktemp("home")
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": ""}
    runner = CliRunner()

    def command(*arguments: str) -> Result:
        result = runner.invoke(main, arguments, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    source = home / "units.json"
    source.write_bytes(
        orjson.dumps({"format": "dinhdanh-units/1", "source": "thử", "as_of": "2025-07-01", "units": UNITS})
    )
    for arguments in (
        ("init",),
        ("units", "import", str(source)),
        ("accounts", "add", "--code-type", "agency", "--code", AGENCY, "--name", "UBND xã mẫu"),
        ("accounts", "add", "--code-type", "mst", "--code", BUSINESS, "--name", "Công ty mẫu 01"),
        ("accounts", "add", "--code-type", "cccd", "--code", sample_code(1), "--name", "Công dân mẫu 01"),
        ("accounts", "add", "--code-type", "cccd", "--code", sample_code(2), "--name", "Công dân mẫu 02"),
    ):
        ready = command(*arguments)
        assert ready.exit_code == 0, ready.output
    return command


def add(run: Run, *more: str, actor: int = 1) -> Result:
    given = ("representative", BUSINESS, sample_code(actor), "--evidence-kind", "business_registration")
    return run("mandates", "add", *given, "--evidence", "số 0100", "--reason", "register", *more, "--json")


def read(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    return dict(orjson.loads(result.stdout))


def test_life_of_a_mandate(run: Run) -> None:
    made = read(add(run, "--procedure", "1.002835", "--procedure", "1.000001", "--may-delegate", "--until", UNTIL))
    assert (made["state"], made["procedures"], made["may_delegate"]) == ("proposed", "1.000001 1.002835", True)
    accepted = read(run("mandates", "accept", made["id"], "--reason", "at the counter", "--json"))
    assert accepted["state"] == "accepted"
    listed = run("mandates", "list", BUSINESS, "--state", "accepted", "--json")
    assert [orjson.loads(line)["id"] for line in listed.stdout.splitlines()] == [made["id"]]
    assert run("mandates", "list", sample_code(2), "--json").stdout == ""
    ended = read(run("mandates", "revoke", made["id"], "--reason", "left", "--json"))
    assert (ended["state"], ended["end_reason"]) == ("revoked", "left")
    again = run("mandates", "revoke", made["id"], "--reason", "left")
    assert again.exit_code == 4
    assert "is_revoked" in again.stderr


def test_mandate_may_be_accepted_at_once(run: Run) -> None:
    made = read(add(run, "--accepted", actor=2))
    assert made["state"] == "accepted"
    assert "số 0100" not in run("mandates", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("add", "king", BUSINESS, sample_code(1), "--evidence-kind", "x", "--reason", "r"), 2),
        (("add", "assist", BUSINESS, sample_code(1), "--evidence-kind", "cccd_card", "--reason", "r"), 2),
        (("add", "representative", BUSINESS, sample_code(1), "--evidence-kind", "x", "--reason", "r"), 4),
        (("add", "representative", BUSINESS, sample_code(9), "--evidence-kind", "x", "--reason", "r"), 3),
        (("add", "representative", BUSINESS, sample_code(1), "--evidence-kind", "business_registration"), 2),
        (("add", "clerk", BUSINESS, sample_code(1), *DUTY, "--reason", "r"), 4),
        (("accept", "nothing", "--reason", "r"), 3),
        (("revoke", "nothing"), 2),
    ],
)
def test_exit_codes(run: Run, arguments: tuple[str, ...], exit_code: int) -> None:
    assert run("mandates", *arguments).exit_code == exit_code


def test_a_duty_is_an_agencys_at_a_unit_of_the_register(run: Run) -> None:
    made = read(run("mandates", "add", "clerk", AGENCY, sample_code(1), *DUTY, "--reason", "r", "--json"))
    assert (made["kind"], made["unit_code"]) == ("clerk", UNIT)


@pytest.mark.parametrize("unit", ["99999", "*", " "])
def test_a_unit_that_the_register_does_not_know_is_not_found(run: Run, unit: str) -> None:
    refused = add(run, "--unit", unit)
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert refused.stderr.startswith("error: unit: ")


def test_day_that_is_none_is_refused(run: Run) -> None:
    assert add(run, "--until", "27/11/2027").exit_code == 1
