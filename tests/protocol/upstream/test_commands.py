"""``idp upstreams``: what is configured, and why something does not work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from idp.cli import main
from tests.support.clock import FrozenClock
from tests.support.upstream_world import SECRET, oidc_settings, served, simulator, vneid_settings


@pytest.fixture
def run(tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what runs a command in a fresh home with one good upstream, one bad one, and one that is gone."""
    with served(simulator("oidc", clock)) as oidc, served(simulator("vneid", clock)) as vneid:
        upstreams = {
            "mau": oidc_settings(oidc),
            "khac": vneid_settings(vneid, client_secret="sai"),
            "mat": vneid_settings(vneid, token_endpoint="https://localhost:1/token"),
        }
        hosts = [one.base.removeprefix("http://") for one in (oidc, vneid)]
        monkeypatch.setenv("IDP_HOME", str(tmp_path))
        monkeypatch.setenv("IDP_UPSTREAMS", orjson.dumps(upstreams).decode())
        monkeypatch.setenv("IDP_OUTBOUND__ALLOW", orjson.dumps(hosts).decode())
        runner = CliRunner()
        assert runner.invoke(main, ["init"]).exit_code == 0

        def invoke(*arguments: str) -> Result:
            return runner.invoke(main, ["upstreams", *arguments, "--json"])

        yield invoke


def test_upstreams_are_listed_and_shown_without_their_secret(run: Any) -> None:
    rows = [orjson.loads(line) for line in run("list").stdout.splitlines()]
    assert [row["name"] for row in rows] == ["mau", "khac", "mat"]
    shown = run("show", "khac")
    assert SECRET not in shown.output
    data = orjson.loads(shown.stdout)
    assert data["redirect_uri"] == "http://localhost:8000/upstream/khac/callback"
    assert {"field": "citizenPid", "to": "cccd", "transform": "text"} in data["claims"]
    assert data["highest_acr"] == "urn:dinhdanh:loa:3"
    assert run("show", "unknown").exit_code == 3


def test_test_explains_what_is_wrong(run: Any) -> None:
    good = run("test", "mau")
    assert good.exit_code == 0, good.output
    assert all(orjson.loads(line)["ok"] for line in good.stdout.splitlines())
    bad = run("test", "khac")
    assert bad.exit_code == 5
    assert "does not accept client_id and secret" in bad.output
    gone = run("test", "mat")
    assert (gone.exit_code, "token_endpoint_answers" in gone.output) == (5, True)
