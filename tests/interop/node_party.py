"""Runs a relying party written for Node.js and plays the person's browser for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Browser, Page, Person

FOLDER = Path(__file__).parent


def run(script: str, settings: dict[str, Any], browser: Browser, person: Person) -> dict[str, Any]:
    """Run a script of this folder to its end and return its result; fails the test with what the script printed."""
    if shutil.which("node") is None or not (FOLDER / "node_modules").is_dir():
        pytest.fail("node or the npm packages are missing: `make npm`")
    process = subprocess.Popen(
        ["node", script],
        cwd=FOLDER, env={**os.environ, "INTEROP_SETTINGS": json.dumps(settings)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        return _converse(process, browser, person)
    finally:
        process.kill()
        process.communicate()


def _converse(process: subprocess.Popen[str], browser: Browser, person: Person) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        message = json.loads(line)
        if "result" in message:
            result: dict[str, Any] = message["result"]
            return result
        page = _open(browser, message["open"], person, message["until"])
        process.stdin.write(json.dumps({"landed": page.url}) + "\n")
        process.stdin.flush()
    pytest.fail(f"the relying party gave up: {process.stderr.read()[-3000:]}")


def _open(browser: Browser, url: str, person: Person, until: str | None) -> Page:
    if until is not None:
        return browser.walk(url, person, home=until)
    page = browser.open(url)
    if page.form("logout-form"):
        return browser.submit(page, "logout-form", "logout-confirm")
    return browser.walk(page, person)
