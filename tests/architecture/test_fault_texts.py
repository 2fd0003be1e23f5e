"""Texts of faults in registrations go over HTTP as ``error_description``, which takes ASCII only (RFC 6749 section 5.2): anything else came out as ``?``."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[2] / "clients"


@pytest.mark.parametrize("module", sorted(CLIENTS.rglob("*.py")), ids=lambda path: path.stem)
def test_texts_of_faults_are_ascii(module: Path) -> None:
    calls = [one for one in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(one, ast.Call)]
    faults = [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Fault"]
    texts = [part.value for one in faults for part in ast.walk(one) if isinstance(part, ast.Constant)]
    assert [text for text in texts if not str(text).isascii()] == []
