"""``idp clients …`` over an embedded home: what changes is kept with its reason, and told field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner

from idp.cli import main
from tests.support.memory_clients import department


def test_changes_by_the_command_line_are_told_with_who_and_why(tmp_path: Path) -> None:
    environment, runner = {"IDP_HOME": str(tmp_path / "home"), "IDP_DATABASE_URL": ""}, CliRunner()

    def run(*arguments: str, stdin: str | None = None) -> list[dict[str, Any]]:
        result = runner.invoke(main, arguments, input=stdin, env=environment)
        assert result.exit_code == 0, result.output
        return [orjson.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    document = department(client_id="portal")
    run("init")
    run("clients", "add", "-", stdin=orjson.dumps(document).decode())
    again = orjson.dumps({**document, "minimum_acr": "urn:dinhdanh:loa:2"}).decode()
    run("clients", "update", "portal", "-", "--reason", "Công văn 12", stdin=again)
    (made,) = run("clients", "rotate-secret", "portal", "--reason", "định kỳ", "--json")
    rotated, updated, added = run("clients", "changes", "portal", "--json")
    assert (rotated["action"], rotated["reason"]) == ("rotate-secret", "định kỳ")
    assert made["client_secret"] not in str(rotated)
    assert (updated["actor"], updated["reason"]) == ("operator:local", "Công văn 12")
    assert updated["fields"] == {"minimum_acr": {"before": None, "after": "urn:dinhdanh:loa:2"}}
    assert added["action"] == "add"
    assert [one["version"] for one in run("clients", "changes", "portal", "--limit", "1", "--json")] == [3]
