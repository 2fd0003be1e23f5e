"""What tests of settings share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Run a test in an empty directory, without settings of the machine."""
    for name in [name for name in os.environ if name.upper().startswith("IDP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
