"""What the specifications demand of us is registered, and each demand is proven by a marked test or carries its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import specs
from tools.specs import Mark, Obligation, Register

DEMAND = Obligation("RFC 6749", "3.1", "no parameter comes twice", "by", by=("test_twice",))
REGISTER = Register("RFC 6749", (DEMAND,), frozenset({"4.1"}))


def test_every_demand_is_proven_by_the_tests_that_it_names_and_no_mark_names_an_unknown_clause() -> None:
    assert list(specs.faults(list(specs.marks()), specs.registers())) == []


def test_every_document_has_one_register_and_no_demand_stands_twice() -> None:
    documents = [one.document for one in specs.registers()]
    assert len(documents) == len(set(documents)) > 0
    demands = [(one.document, one.clause, one.says) for listed in specs.registers() for one in listed.obligations]
    assert len(demands) == len(set(demands))


def test_what_proves_a_demand_is_collected() -> None:
    found = list(specs.marks())
    proofs = {mark for one in specs.registers() for demand in one.obligations for mark in demand.proofs(found)}
    assert [mark for mark in proofs if not mark.test.startswith("test_")] == []


@pytest.mark.parametrize("clause", ["3.1", "3.1.2"])
def test_a_mark_at_the_clause_or_below_it_proves_the_demand(clause: str) -> None:
    assert list(specs.faults([Mark("RFC 6749", clause, "tests/test_x.py", "test_twice")], [REGISTER])) == []


@pytest.mark.parametrize(
    "mark",
    [
        Mark("RFC 6749", "3", "tests/test_x.py", "test_twice"),
        Mark("RFC 6750", "3.1", "tests/test_x.py", "test_twice"),
        Mark("RFC 6749", "3.1", "tests/test_x.py", "test_once"),
    ],
)
def test_a_mark_elsewhere_or_of_another_test_proves_nothing(mark: Mark) -> None:
    assert any("test_twice carries no such mark" in fault for fault in specs.faults([mark], [REGISTER]))


@pytest.mark.parametrize(("clause", "known"), [("3.1.4", True), ("4.1", True), ("4.1.1", False), ("3.11", False)])
def test_a_mark_of_a_clause_that_the_register_does_not_know_is_a_fault(clause: str, *, known: bool) -> None:
    mark = Mark("RFC 6749", clause, "tests/test_x.py", "test_other")
    assert ("is not in the register" in " ".join(specs.faults([mark], [REGISTER]))) is not known


def test_the_page_says_with_which_text_a_register_was_compared_or_that_it_was_with_none() -> None:
    read = Register("RFC 6750", (), frozenset(), "the RFC's text, 2026-11-28")
    shown = specs.page([], [REGISTER, read])
    assert "| RFC 6749 | 1 | 1 | 0 | 0 | 0 | 0 | from memory |" in shown
    assert "| RFC 6750 | 0 | 0 | 0 | 0 | 0 | 0 | the RFC's text, 2026-11-28 |" in shown


@pytest.mark.parametrize(
    "row",
    [
        '{ clause = "3.1", says = "x" }',
        '{ clause = "3.1", says = "x", by = [] }',
        '{ clause = "3.1", says = "x", untested = "" }',
        '{ clause = "3.1", says = "x", differs = "so", not_applicable = "and so" }',
        '{ clause = "section 3", says = "x", differs = "so" }',
        '{ clause = "3.1", says = "", differs = "so" }',
        '{ clause = "3.1", says = "x", differs = "so", note = "unknown" }',
    ],
)
def test_a_demand_without_exactly_one_state_is_refused(row: str, tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "obligations"
    folder.mkdir(parents=True)
    (folder / "x.toml").write_text(f'document = "RFC 6749"\nobligations = [{row}]\n', "utf-8")
    with pytest.raises(ValueError, match=r"x\.toml"):
        specs.registers(tmp_path)
