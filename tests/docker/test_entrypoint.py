"""The container's entrypoint, run with a recorder in the place of ``idp``: which commands it gives, in which order, and when it stops.

What the commands themselves do is proven elsewhere; here it is the script's own decisions.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENTRYPOINT = Path(__file__).parents[2] / "docker" / "entrypoint.sh"
RECORDER = """#!{python}
import json, os, signal, sys, time
from pathlib import Path
here = Path({here!r})
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps({{"words": words, "pid": os.getpid()}}) + "\\n")
plan = json.loads((here / "plan").read_text())
failures = plan.get(" ".join(words[:2]), plan.get(words[0], 0))
if failures:
    name = " ".join(words[:2]) if " ".join(words[:2]) in plan else words[0]
    plan[name] = failures - 1
    (here / "plan").write_text(json.dumps(plan))
    print("error: refused on purpose", file=sys.stderr)
    sys.exit(1)
if plan.get("stay") and words[0] == "serve":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (here / "serving").touch()
    time.sleep(30)
    sys.exit(9)
"""


class Container:
    """A folder with the recorder first on the PATH; ``plan`` says how often each command fails before it succeeds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan: dict[str, int] = {}
        recorder = folder / "bin" / "idp"
        recorder.parent.mkdir()
        recorder.write_text(RECORDER.format(python=sys.executable, here=str(folder)))
        recorder.chmod(0o755)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        (self.folder / "plan").write_text(json.dumps(self.plan))
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            ["sh", str(ENTRYPOINT), *words], env={"PATH": path, **environment}, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        with self.start(*words, **environment) as process:
            _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    def calls(self) -> list[dict[str, object]]:
        recorded = self.folder / "calls"
        return [json.loads(line) for line in recorded.read_text().splitlines()] if recorded.exists() else []

    def commands(self) -> list[str]:
        return [" ".join(call["words"]) for call in self.calls()]  # type: ignore[arg-type]


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def test_serve_checks_settings_and_initialises_before_it_serves(container: Container) -> None:
    assert container.run("serve", "--log-requests")[0] == 0
    assert container.commands() == [
        "config show",
        "init",
        "serve --host 0.0.0.0 --port 8000 --workers 2 --no-worker --log-requests",
    ]


def test_no_command_means_serve_and_the_environment_says_how_many_workers(container: Container) -> None:
    assert container.run(WORKERS="7")[0] == 0
    assert container.commands()[-1] == "serve --host 0.0.0.0 --port 8000 --workers 7 --no-worker"


def test_worker_is_brought_up_like_the_provider(container: Container) -> None:
    assert container.run("worker")[0] == 0
    assert container.commands() == ["config show", "init", "worker"]


def test_any_other_command_goes_to_idp_with_nothing_before_it_and_its_words_whole(container: Container) -> None:
    container.run("accounts", "add", "--name", "Công dân mẫu 01")
    assert [call["words"] for call in container.calls()] == [["accounts", "add", "--name", "Công dân mẫu 01"]]


def test_a_database_that_comes_late_is_waited_for(container: Container) -> None:
    container.plan = {"init": 2}
    assert container.run("serve", START_PAUSE="0")[0] == 0
    assert [command.split()[0] for command in container.commands()] == ["config", "init", "init", "init", "serve"]


@pytest.mark.parametrize("role", ["serve", "worker"])
def test_waiting_ends_with_its_reason_and_nothing_runs_on_a_database_that_was_not_migrated(
    container: Container, role: str
) -> None:
    container.plan = {"init": 1000}
    code, errors = container.run(role, START_TRIES="3", START_PAUSE="0")
    assert code == 1
    assert "refused on purpose" in errors
    assert container.commands() == ["config show", "init", "init", "init"]


def test_wrong_settings_end_the_start_at_once(container: Container) -> None:
    container.plan = {"config show": 1}
    assert container.run("serve")[0] == 1
    assert container.commands() == ["config show"]


def test_the_server_takes_the_place_of_the_shell_and_gets_its_signals(container: Container, tmp_path: Path) -> None:
    container.plan = {"stay": 1}
    with container.start("serve") as process:
        try:
            deadline = time.monotonic() + 60
            while not (tmp_path / "serving").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            assert container.calls()[-1]["pid"] == process.pid
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
