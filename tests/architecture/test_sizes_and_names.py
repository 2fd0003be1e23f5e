"""Code stays small enough to be read whole, and every module says in its name what it is about."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, SOURCES, files, shown

MODULE, TEST_MODULE, FUNCTION = 300, 400, 40
PYTHON = list(files(".py"))
JUNK_DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "shared", "stuff", "tools", "base_utils", "lib"}


def is_migration(path: Path) -> bool:
    """Tell a written migration, which is a list of statements and is not edited again."""
    return "migrations/versions" in path.as_posix()


def test_modules_are_short() -> None:
    long = {}
    for path in PYTHON:
        lines = (
            path.read_text("utf-8").count("\n") + 1
        )  # As an editor numbers them, with the one behind the last break.
        if lines > (TEST_MODULE if shown(path).startswith("tests/") else MODULE) and not is_migration(path):
            long[shown(path)] = lines
    assert long == {}


def test_functions_are_short() -> None:
    long = {}
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_migration(path):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION:
                    long[f"{shown(path)}:{node.name}"] = lines
    assert long == {}


def test_no_module_is_a_junk_drawer() -> None:
    named = [path.with_suffix("") if path.name != "__init__.py" else path.parent for path in PYTHON]
    assert [shown(one) for one in named if one.name in JUNK_DRAWERS] == []


@pytest.mark.parametrize("root", SOURCES)
def test_every_package_says_what_it_owns(root: str) -> None:
    packages = [one for one in (ROOT / root).rglob("*.py") if one.name == "__init__.py"]
    assert packages
    silent = [shown(one) for one in packages if not ast.get_docstring(ast.parse(one.read_text("utf-8")))]
    assert silent == []


@pytest.mark.parametrize("root", SOURCES)
def test_every_folder_with_modules_is_a_package(root: str) -> None:
    folders = {one.parent for one in (ROOT / root).rglob("*.py")}
    assert [shown(one) for one in sorted(folders) if not (one / "__init__.py").is_file()] == []


def test_no_two_test_modules_of_a_folder_share_a_subject_with_a_number() -> None:
    assert [shown(one) for one in PYTHON if one.stem[-1:].isdigit() and one.name.startswith("test_")] == []
