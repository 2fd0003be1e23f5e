"""``idp admins …`` over an embedded home: a role over a unit, granted and taken away by the operator, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.support.accounts import sample_code

Run = Callable[..., Result]
WHY = ("--reason", "phân công", "--json")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    home: Path = tmp_path_factory.mktemp("home")
    environment = {"IDP_HOME": str(home), "IDP_DATABASE_URL": ""}
    runner = CliRunner()

    def command(*arguments: str, stdin: str | None = None) -> Result:
        result = runner.invoke(main, arguments, input=stdin, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    assert command("init").exit_code == 0
    source = home / "units.json"
    units = [
        {"code": "99", "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu", "parent": None},
        {"code": "9901", "level": "commune", "type": "xã", "name": "Mẫu", "full_name": "Xã Mẫu", "parent": "99"},
    ]
    source.write_bytes(
        orjson.dumps({"format": "dinhdanh-units/1", "source": "thử", "as_of": "2025-07-01", "units": units})
    )
    assert command("units", "import", str(source)).exit_code == 0
    return command


def account(run: Run, number: int) -> str:
    code = ("--code-type", "cccd", "--code", sample_code(number))
    return str(orjson.loads(run("accounts", "add", *code, "--name", "Công dân mẫu", "--json").stdout)["account_id"])


def rows(result: Result) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in result.stdout.splitlines()]


def test_grant_list_and_revoke(run: Run) -> None:
    who = account(run, 1)
    made = run("admins", "grant", sample_code(1), "--role", "unit-administrator", "--unit", "9901", *WHY)
    assert made.exit_code == 0, made.output
    grant = orjson.loads(made.stdout)
    assert (grant["principal"], grant["unit"], grant["granted_by"]) == (f"account:{who}", "9901", "operator:local")
    assert [one["id"] for one in rows(run("admins", "list", "--unit", "9901", "--json"))] == [grant["id"]]
    assert run("admins", "grant", who, "--role", "unit-administrator", "--unit", "9901", *WHY).exit_code == 1
    revoked = run("admins", "revoke", who, "--role", "unit-administrator", "--unit", "9901", "--yes", *WHY)
    assert orjson.loads(revoked.stdout)["revoked"] == 1
    assert rows(run("admins", "list", "--who", who, "--json")) == []
    assert len(rows(run("admins", "list", "--who", who, "--all", "--json"))) == 1
    again = run("admins", "revoke", who, "--role", "unit-administrator", "--unit", "9901", "--yes", *WHY)
    assert again.exit_code == 3
    records = rows(run("audit", "search", "--event", "admin:grant", "--event", "admin:revoke", "--json"))
    assert [(one["actor"], one["reason"]) for one in records] == [("operator:local", "phân công")] * 2


def test_top_is_the_default_and_a_client_may_hold_a_role(run: Run) -> None:
    document = orjson.dumps(
        {
            "client_id": "may",
            "client_name": "Máy",
            "unit": "9901",
            "legal_basis": "consent",
            "purpose": {"vi": "Thử"},
            "redirect_uris": ["https://may.example.vn/cb"],
        }
    ).decode()
    assert run("clients", "add", "-", stdin=document).exit_code == 0
    made = run("admins", "grant", "client:may", "--role", "auditor", "--until", "2099-01-01", *WHY)
    assert made.exit_code == 0, made.output
    assert (orjson.loads(made.stdout)["unit"], orjson.loads(made.stdout)["principal"]) == ("*", "client:may")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nobody", "--role", "support"), 3),
        (("client:nothing", "--role", "support"), 3),
        (("account", "--role", "support", "--unit", "55555"), 1),
        (("account", "--role", "support", "--until", "2001-01-01"), 1),
        (("account", "--role", "king"), 2),
    ],
)
def test_what_cannot_be_granted_says_so(run: Run, arguments: tuple[str, ...], code: int) -> None:
    if arguments[0] == "account":
        number = 10 + len(arguments) + len(arguments[-1])
        arguments = (account(run, number), *arguments[1:])
    assert run("admins", "grant", *arguments, *WHY).exit_code == code


def test_configuration_is_exported_applied_dry_and_applied(run: Run, tmp_path: Path) -> None:
    document = orjson.loads(run("export").stdout)
    assert document["format"] == "dinhdanh-configuration/1"
    client = next(one for one in document["clients"] if one["client_id"] == "may")
    client["client_name"] = "Máy khác"
    file = tmp_path / "configuration.json"
    file.write_bytes(orjson.dumps(document))
    dry = orjson.loads(run("apply", str(file), "--dry-run", "--json").stdout)
    assert dry["changes"][0]["fields"]["client_name"] == {"before": "Máy", "after": "Máy khác"}
    assert "+ client_name" in run("apply", str(file), "--dry-run").stdout
    assert orjson.loads(run("apply", str(file), "--json", "--reason", "đổi tên").stdout)["changes"] == dry["changes"]
    assert orjson.loads(run("apply", str(file), "--json").stdout)["changes"] == []
    assert orjson.loads(run("clients", "show", "may", "--json").stdout)["client_name"] == "Máy khác"
    file.write_bytes(b"[]")
    assert run("apply", str(file)).exit_code == 1


def test_operator_decides_what_waits(run: Run) -> None:
    assert rows(run("approvals", "list", "--json")) == []
    assert run("approvals", "approve", "none", *WHY).exit_code == 3
    assert run("approvals", "reject", "none", *WHY).exit_code == 3
