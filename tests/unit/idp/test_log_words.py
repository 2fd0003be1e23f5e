"""The audit log in the reader's language: every event and every reason id that we write has a label in both, and no label is left over."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.model.audit import Event
from idp.web.i18n import LANGUAGES
from idp.web.vocabulary import vocabulary

ROOT = Path(__file__).parents[3]
PACKAGES = ("idp", "clients", "policies", "keys")
CODED = {"Refused", "Conflict", "Throttled", "UpstreamRefused", "StatementRefused", "ChainRefused", "Replayed"}
"""Errors whose code, or first argument, goes into the log as the reason of a refusal."""
BY_ARGUMENT = {"denied": 0, "refuse": 3}
"""Functions that take a reason id, and where."""


def labels(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((ROOT / "idp/web/locales" / f"log.{language}.toml").read_text("utf-8"))


def words(node: ast.expr) -> Iterator[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.IfExp):
        yield from words(node.body)
        yield from words(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


def reasons(call: ast.Call) -> Iterator[str]:
    """Return the reason ids that a call hands on."""
    name = ast.unparse(call.func).rpartition(".")[2]
    for one in call.keywords:
        if one.arg == "reason" or (one.arg == "code" and name in CODED):
            yield from words(one.value)
    if name in {"UpstreamRefused", "StatementRefused", "ChainRefused", "Replayed"} and call.args:
        yield from words(call.args[0])
    if name in BY_ARGUMENT and len(call.args) > BY_ARGUMENT[name]:
        yield from words(call.args[BY_ARGUMENT[name]])
    if name == "Decision" and len(call.args) > 1 and "DENIED" in ast.unparse(call.args[0]):
        yield from words(call.args[1])


def sources() -> list[ast.Module]:
    return [
        ast.parse(path.read_text("utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_has_a_label_and_none_is_left_over(language: str) -> None:
    assert set(labels(language)["event"]) == {one.value for one in Event}
    assert len(set(labels(language)["event"].values())) == len(Event)


@pytest.mark.slow
def test_every_reason_id_in_the_source_has_a_label_and_none_is_left_over() -> None:
    trees = sources()
    nodes = [node for tree in trees for node in ast.walk(tree)]
    said = {text for node in nodes if isinstance(node, ast.Call) for text in reasons(node)}
    assert {one for one in said if not vocabulary("vi").reason(one)} == set()
    known = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(labels("vi")["reason"]) - known == set()
    begun = tuple(one for one in known if one)
    assert [begin for begin in labels("vi")["family"] if not any(one.startswith(begin) for one in begun)] == []


def test_both_languages_name_the_same() -> None:
    vi, en = labels("vi"), labels("en")
    assert {name: set(table) for name, table in vi.items()} == {name: set(table) for name, table in en.items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("said", ["Ông/Bà đề nghị", "Nghỉ Tết", "", "test", "token bị lộ"])
def test_what_somebody_wrote_as_a_reason_is_no_reason_id(language: str, said: str) -> None:
    assert vocabulary(language).reason(said) == ""


def test_an_id_of_a_family_is_told_by_it_and_one_of_its_own_by_that() -> None:
    assert vocabulary("en").reason("dpop_htm") == "the proof of a key (DPoP) is not usable"
    assert vocabulary("en").reason("upstream:vneid") == "identity provider"
    assert vocabulary("en").reason("actor_under_age") == "the one who would act is under age"
