"""Runs a system of examples/integration, registered as its page says, with nothing changed but addresses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.provider import ROOT, Provider

EXAMPLES = ROOT / "examples" / "integration"
PAGES = ROOT / "docs" / "integration"
_REGISTRATION = re.compile(r"^idp clients add - --json <<'JSON'\n(.*?)^JSON$", re.MULTILINE | re.DOTALL)
_START_SECONDS = 120


def registration(stack: str, base_url: str) -> dict[str, Any]:
    """Return the registration that the page of a stack shows, with this address in place of the page's."""
    document: dict[str, Any] = json.loads(_REGISTRATION.findall((PAGES / f"{stack}.md").read_text("utf-8"))[0])
    shown = document["post_logout_redirect_uris"][0].rpartition("/")[0]
    ours: dict[str, Any] = json.loads(json.dumps(document).replace(shown, base_url))
    return ours


def add_system(provider: Provider, stack: str, base_url: str, **changes: str) -> dict[str, str]:
    """Register the system of a page; return the environment that the page asks for."""
    document = {"grant_types": ["authorization_code"], **registration(stack, base_url), **changes}
    client = provider.add_client(**document)
    return {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": client["client_id"],
        "OIDC_CLIENT_SECRET": client["client_secret"],
        "BASE_URL": base_url,
        "SESSION_SECRET": "of a test",
    }


@contextmanager
def running(command: list[str], folder: Path, port: int, environ: Mapping[str, str]) -> Iterator[None]:
    """Run a system on a loopback port; what it printed is shown if it does not come up."""
    whole = {**os.environ, **environ, "PORT": str(port), "SESSION_FILE": str(folder / "sessions.sqlite3")}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=whole, stdout=output, stderr=subprocess.STDOUT)
    try:
        if not _answers(f"http://127.0.0.1:{port}/", process):
            pytest.fail(f"{command} did not start: {(folder / 'output').read_text('utf-8', 'replace')[-3000:]}")
        yield
    finally:
        process.kill()
        process.wait()


def copied(stack: str, folder: Path) -> Path:
    """Copy the code of a stack into a folder of its own, as a department would."""
    shutil.copytree(EXAMPLES / stack, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def flask_command(_folder: Path) -> list[str]:
    """Return how the Flask system is started."""
    return [sys.executable, "app.py"]


def django_command(folder: Path) -> list[str]:
    """Return how the Django system is started: its tables first, as its page says."""
    (folder / "department" / "__init__.py").touch()
    steps = ("migrate -v 0", "createcachetable", "runserver --noreload $PORT")
    *before, last = (f'"{sys.executable}" -W ignore -m django {step}' for step in steps)
    return ["sh", "-c", " && ".join(("export DJANGO_SETTINGS_MODULE=department.settings", *before, f"exec {last}"))]


def node_command(folder: Path) -> list[str]:
    """Return how the Node system is started; its packages are those of this folder."""
    packages = Path(__file__).with_name("node_modules")
    if shutil.which("node") is None or not packages.is_dir():
        pytest.fail("node or the npm packages are missing: `make npm`")
    (folder / "node_modules").symlink_to(packages)
    return ["node", "app.mjs"]


def _answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return bool(requests.get(address, timeout=5).status_code == requests.codes.ok)
        except requests.ConnectionError:
            time.sleep(0.05)
    return False
