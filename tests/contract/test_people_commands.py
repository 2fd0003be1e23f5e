"""``idp sessions``, ``idp config schema`` and what ``idp clients add`` says of a missing purpose, over an embedded home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from idp.clock import SystemClock
from idp.config.settings import Settings
from idp.model.session import Origin
from idp.services import sessions
from idp.wiring import Wiring
from policies import assurance
from tests.support.accounts import sample_code

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    """Return a way to run commands in one initialised home."""

    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin, env={"IDP_HOME": str(home), "IDP_DATABASE_URL": ""})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    assert command("init").exit_code == 0
    return command


def person(run: Run, number: int) -> str:
    code = ("--code-type", "cccd", "--code", sample_code(number))
    added = run("accounts", "add", *code, "--name", f"Công dân mẫu {number}", "--json")
    return str(orjson.loads(added.stdout)["account_id"])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_sessions_are_listed_for_one_account_or_for_all_in_pages(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_PAGE", 2)
    service = Wiring(Settings(home=home), SystemClock()).sessions
    one, other = person(run, 1), person(run, 2)
    for account in (one, one, other):
        service.start(account, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    ended = lines(run("sessions", "list", one, "--json"))[0]["session_id"]
    everybody = lines(run("sessions", "list", "--json"))
    assert sorted(str(row["account_id"]) for row in everybody) == sorted([one, one, other])
    assert run("sessions", "revoke", one, "--session", str(ended)).exit_code == 0
    assert len(lines(run("sessions", "list", "--json"))) == len(everybody) - 1
    assert other in run("sessions", "list").stdout


def test_the_schema_of_the_settings_is_one_object_on_one_line_when_json_is_asked(run: Run) -> None:
    (schema,) = lines(run("config", "schema", "--json"))
    assert schema == orjson.loads(run("config", "schema").stdout)


def test_a_client_without_a_purpose_gets_the_one_that_every_system_has_and_the_operator_is_warned(run: Run) -> None:
    document = {"client_name": "A", "unit": "48", "legal_basis": "consent", "redirect_uris": ["http://localhost:9/cb"]}
    added = run("clients", "add", "-", "--json", stdin=orjson.dumps(document).decode())
    (client,) = lines(added)
    assert "warning: purpose" in added.stderr
    (shown,) = lines(run("clients", "show", str(client["client_id"]), "--json"))
    assert shown["purpose"] == {"vi": "Đăng nhập vào hệ thống", "en": "To sign in to the system"}
