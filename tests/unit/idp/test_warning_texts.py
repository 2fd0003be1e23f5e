"""Warnings of the command line: a sentence for people, the id for scripts, and no id without a sentence."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.cli.warning_texts import SENTENCES, told, warn

ROOT = Path(__file__).parents[3]
PACKAGES = ("idp", "policies")


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts in an expression that could be ids."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.isidentifier():
            yield one.value


def ids(tree: ast.AST) -> Iterator[str]:
    """Yield the ids that a module puts among ``warnings`` (of identity codes) or ``notices`` (``Problem``s of the register)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "warnings":
            yield from texts(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            names = [ast.unparse(one) for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
            yield from texts(node.value) if "warnings" in names else ()
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warnings.append"):
            yield from texts(node.args[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("notices.append"):
            problem = node.args[0]
            assert isinstance(problem, ast.Call)
            yield from texts(problem.args[2])


def test_every_warning_in_the_source_has_a_sentence_and_none_is_left_over() -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert {one for path in sources for one in ids(ast.parse(path.read_text("utf-8")))} == set(SENTENCES)


@pytest.mark.parametrize(
    "source",
    [
        "warnings = () if known else ('new_id',)",
        "warnings: tuple[str, ...] = ('new_id',)",
        "Findings(errors=(), warnings=('new_id',))",
        "warnings.append('new_id')",
        "self.notices.append(Problem(row.place, 'full_name', 'new_id', f'kept {name}'))",
    ],
)
def test_a_new_warning_is_found(source: str) -> None:
    assert list(ids(ast.parse(source))) == ["new_id"]


@pytest.mark.parametrize("warning", SENTENCES)
def test_people_read_a_sentence_and_scripts_the_id(warning: str, capsys: pytest.CaptureFixture[str]) -> None:
    warn("code", warning, as_json=False)
    warn("code", warning, as_json=True)
    sentence, raw = capsys.readouterr().err.splitlines()
    assert sentence == f"warning: code: {SENTENCES[warning]}"
    assert " " in SENTENCES[warning]
    assert raw == f"warning: code: {warning}"


def test_a_warning_that_has_no_sentence_is_told_by_its_id() -> None:
    """It comes after the act: a traceback there would say that the act failed."""
    assert told("brand_new") == "brand_new"
