"""``idp ldap``: what is printed, and which exit code says what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.config import Settings
from idp.wiring import Wiring
from tests.support.officials import given_of
from tests.support.ports import free_port
from tests.support.slapd import PASSWORD, SlapdServer
from tests.support.staff_world import UNITS

pytestmark = pytest.mark.servers
Run = Callable[..., Result]


def runner(home: Path, *directories: dict[str, Any]) -> Run:
    sources = orjson.dumps(list(directories), default=str).decode()
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": "", "IDP_DIRECTORIES__SOURCES": sources}

    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, ("ldap", *arguments), input=stdin, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    (made / "units.json").write_bytes(orjson.dumps(UNITS))
    environment = {"IDP_HOME": str(made), "IDP_DATABASE_URL": ""}
    for arguments in (("init",), ("units", "import", str(made / "units.json"))):
        assert CliRunner().invoke(main, arguments, env=environment).exit_code == 0
    return made


@pytest.fixture
def run(home: Path, office: SlapdServer) -> Run:
    return runner(home, given_of(office))


def rows(result: Result) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_a_sound_directory_passes_and_shows_a_persons_roles(run: Run) -> None:
    result = run("test", "qoffice", "--username", "binh", "--password-stdin", "--json", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    found = {row["step"]: row for row in rows(result)}
    assert found["mapping"]["detail"] == "mot-cua at 20194@2025-07-01"
    assert found["unit"]["detail"] == "20194@2025-07-01"
    assert found["password"]["state"] == "ok"
    assert PASSWORD not in result.output


@pytest.mark.parametrize(
    ("arguments", "stdin", "step"),
    [
        (("--username", "binh", "--password-stdin"), "sai\n", "password"),
        (("--username", "binh", "--password-stdin"), "\n", "password"),
        (("--username", "nobody"), None, "person"),
        (("--username", "doi"), None, "person"),
        (("--username", "a\u202eb"), None, "person"),
    ],
)
def test_what_keeps_a_person_out_is_named_with_advice(
    run: Run, arguments: tuple[str, ...], stdin: str | None, step: str
) -> None:
    result = run("test", "qoffice", *arguments, "--json", stdin=stdin)
    assert result.exit_code == 5
    (failed,) = (row for row in rows(result) if row["state"] == "failed")
    assert failed["step"] == step
    assert failed["advice"]


def test_a_failing_configuration_ends_with_5_and_an_unknown_directory_with_3(home: Path, office: SlapdServer) -> None:
    closed = given_of(office, name="dong", servers=(f"ldaps://localhost:{free_port()}",))
    both = runner(home, given_of(office), closed)
    result = both("test", "--json")
    assert result.exit_code == 5
    assert {(row["directory"], row["step"]) for row in rows(result) if row["state"] == "failed"} == {("dong", "tcp")}
    assert both("test", "khac").exit_code == both("sync", "khac").exit_code == runner(home)("test").exit_code == 3
    assert both("test", "--username", "an").exit_code == both("test", "qoffice", "--password-stdin").exit_code == 1
    assert "tcp" in both("test", "dong").stdout


def test_a_comparison_is_shown_carried_out_and_remembered(run: Run) -> None:
    shown = run("compare", "qoffice", "--dry-run", "--json")
    assert (shown.exit_code, rows(shown)[0]["outcome"]) == (0, "dry_run")
    assert rows(run("status", "--json"))[0]["outcome"] == ""
    done = run("sync", "qoffice", "--reason", "thử", "--json")
    assert (done.exit_code, rows(done)[0]["outcome"]) == (0, "go")
    (now,) = rows(run("status", "--json"))
    assert (now["outcome"], now["people"], now["dialect"]) == ("go", 0, "openldap")
    assert run("sync", "--force").exit_code == 2
    assert run("roles", "nobody").exit_code == 3


def test_a_partial_answer_ends_with_4_and_a_directory_that_is_down_with_1(home: Path, office: SlapdServer) -> None:
    partial = runner(home, given_of(office, base="dc=qnam,dc=example"))
    assert partial("sync", "--force", "--reason", "thử", "--yes").exit_code == 4
    assert partial("compare").exit_code == 4
    down = runner(home, given_of(office, servers=(f"ldaps://localhost:{free_port()}",)))
    assert down("sync").exit_code == 1


def test_the_doctor_looks_at_every_directory(home: Path, office: SlapdServer) -> None:
    closed = given_of(office, name="dong", servers=(f"ldaps://localhost:{free_port()}",))
    sources = orjson.dumps([given_of(office), closed], default=str).decode()
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": "", "IDP_DIRECTORIES__SOURCES": sources}
    result = CliRunner().invoke(main, ("doctor", "--json"), env=environment)
    found = {row["check"]: row for row in rows(result)}
    assert result.exit_code == 5
    assert (found["directory qoffice"]["ok"], found["directory dong"]["ok"]) == (True, False)
    assert "idp ldap test dong" in found["directory dong"]["detail"]


def test_an_officials_account_is_shown_and_locked_like_any_other(home: Path, office: SlapdServer) -> None:
    sources = orjson.dumps([given_of(office)], default=str).decode()
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": "", "IDP_DIRECTORIES__SOURCES": sources}

    def idp(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environment)

    wiring = Wiring(Settings(home=home, directories={"sources": [given_of(office)]}))
    directory = wiring.directories["qoffice"]
    entry = directory.find("an")
    assert entry is not None
    account = wiring.officials.admitted("qoffice", entry, directory.groups(entry))
    wiring.database.close()
    shown = idp("accounts", "show", account.id, "--json")
    assert shown.exit_code == 0, shown.output
    assert [row["role"] for row in rows(idp("ldap", "roles", account.id, "--json"))] == ["mot-cua"]
    assert idp("accounts", "lock", account.id, "--reason-code", "operator", "--reason", "thử", "--yes").exit_code in {
        0,
        2,
    }
    assert idp("accounts", "lock", account.id, "--reason", "thử").exit_code in {0, 4}
    assert rows(idp("accounts", "show", account.id, "--json"))[0]["state"] == "locked"


def test_the_people_of_a_directory_that_was_taken_out_are_let_go_when_an_operator_says_so(
    tmp_path: Path, office: SlapdServer
) -> None:
    assert CliRunner().invoke(main, ("init",), env={"IDP_HOME": str(tmp_path), "IDP_DATABASE_URL": ""}).exit_code == 0
    wiring = Wiring(Settings(home=tmp_path, directories={"sources": [given_of(office)]}))
    directory = wiring.directories["qoffice"]
    entry = directory.find("an")
    assert entry is not None
    account = wiring.officials.admitted("qoffice", entry, frozenset())
    configured, without = runner(tmp_path, given_of(office)), runner(tmp_path)
    reason = ("--reason", "sáp nhập cơ quan", "--yes", "--json")
    assert configured("retire", "qoffice", *reason).exit_code == 4
    assert rows(without("retire", "qoffice", *reason)) == [{"directory": "qoffice", "gone": 1}]
    assert without("retire", "qoffice", *reason).exit_code == 3
    assert wiring.accounts.get(account.id).state == "locked"
    wiring.database.close()
