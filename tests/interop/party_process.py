"""Runs a department system (a Flask application of this folder) as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.provider import ROOT

_START_SECONDS = 120


@contextmanager
def running(script: str, port: int, settings: dict[str, Any]) -> Iterator[str]:
    """Start `script` on a loopback port and yield its address; what it printed is shown if it does not come up."""
    address = f"http://127.0.0.1:{port}"
    environ = {**os.environ, "INTEROP_SETTINGS": json.dumps({**settings, "port": port}), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name(script))],
        env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        if not _answers(address, process):
            process.kill()
            pytest.fail(f"{script} did not start: {process.communicate()[0][-3000:]}")
        yield address
    finally:
        process.kill()
        process.communicate()


def _answers(address: str, process: subprocess.Popen[str]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return bool(requests.get(f"{address}/alive", timeout=5).status_code == requests.codes.ok)
        except requests.ConnectionError:
            time.sleep(0.05)
    return False
