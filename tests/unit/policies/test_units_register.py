"""Questions to a register, and the faults that its proof finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.units import BEGINNING, Edge, EdgeKind, Level, Register, Unit, UnitKey, problems_of

DAY = "2025-07-01"
EVE = "2025-06-30"


def unit(
    code: str,
    name: str,
    parent: str | None,
    level: Level = Level.COMMUNE,
    valid: tuple[str, str | None] = (BEGINNING, None),
) -> Unit:
    return Unit(code, *valid, level, "xã", name, f"Xã {name}", parent, "test")


def edge(source: Unit, target: Unit, *, partial: bool = False) -> Edge:
    assert source.valid_to is not None
    return Edge(*source.key, *target.key, EdgeKind.MERGE, source.valid_to, partial=partial, legal_basis="test")


OLD, NEW = (BEGINNING, DAY), (DAY, None)
PROVINCE = unit("90", "Tỉnh", None, Level.PROVINCE)
DISTRICT = unit("901", "Huyện", "90", Level.DISTRICT, OLD)
A, B, C = (unit(f"9000{number}", name, "901", valid=OLD) for number, name in ((1, "A"), (2, "B"), (3, "C")))
NEW_A, NEW_C = unit("90001", "Hợp Nhất", "90", valid=NEW), unit("90003", "C Mới", "90", valid=NEW)
EDGES = [edge(A, NEW_A), edge(B, NEW_A, partial=True), edge(B, NEW_C, partial=True), edge(C, NEW_C)]
REGISTER = Register([NEW_C, PROVINCE, DISTRICT, A, B, C, NEW_A], EDGES)


def reasons(register: Register) -> set[tuple[str, str]]:
    return {(problem.field, problem.reason) for problem in problems_of(register)}


def test_sound_register_has_no_problems() -> None:
    assert problems_of(REGISTER) == ()


def test_code_names_another_unit_after_it_was_used_again() -> None:
    assert REGISTER.on("90001", EVE) == A
    assert REGISTER.on("90001", DAY) == NEW_A
    assert REGISTER.history("90001") == (A, NEW_A)
    assert REGISTER.get(UnitKey("90001", DAY)) == NEW_A
    assert REGISTER.get(UnitKey("90001", "2024-01-01")) is None


def test_ended_unit_is_not_in_force() -> None:
    assert REGISTER.on("90002", EVE) == B
    assert REGISTER.on("90002", DAY) is None
    assert REGISTER.on("99999", DAY) is None


def test_successors_follow_the_edges_in_force() -> None:
    assert REGISTER.successors("90001", "2021-01-01", EVE) == (A,)
    assert REGISTER.successors("90001", "2021-01-01", DAY) == (NEW_A,)
    assert REGISTER.successors("90002", "2021-01-01", "2026-01-01") == (NEW_A, NEW_C)


def test_dissolved_and_unknown_units_and_time_backwards_have_no_successors() -> None:
    assert REGISTER.successors("901", EVE, DAY) == ()
    assert REGISTER.successors("99999", EVE, DAY) == ()
    assert REGISTER.successors("90001", DAY, EVE) == ()


def test_resolve_takes_the_code_of_the_day_or_what_the_last_one_became() -> None:
    assert REGISTER.resolve("90001", DAY) == (NEW_A,)
    assert REGISTER.resolve("90002", DAY) == (NEW_A, NEW_C)
    assert REGISTER.resolve("99999", DAY) == ()


def test_ancestors_are_those_of_the_day() -> None:
    assert REGISTER.ancestors("90001", EVE) == (DISTRICT, PROVINCE)
    assert REGISTER.ancestors("90001", DAY) == (PROVINCE,)
    assert REGISTER.ancestors("90", DAY) == ()


def test_tree_holds_the_units_of_the_day_by_what_is_above_them() -> None:
    assert REGISTER.tree(EVE) == {None: (PROVINCE,), "90": (DISTRICT,), "901": (A, B, C)}
    assert REGISTER.tree(DAY) == {None: (PROVINCE,), "90": (NEW_A, NEW_C)}


def test_edges_are_known_from_both_ends() -> None:
    assert [found.to_code for found in REGISTER.edges_from(B.key)] == ["90001", "90003"]
    assert [found.from_code for found in REGISTER.edges_into(NEW_A.key)] == ["90001", "90002"]


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (replace(A, code="9000 1"), ("code", "code_malformed")),
        (replace(A, name=" "), ("name", "name_missing")),
        (replace(A, full_name="x" * 201), ("full_name", "name_too_long")),
        (replace(A, valid_to="2025-06-31"), ("valid_to", "date_malformed")),
        (replace(A, valid_to=BEGINNING), ("valid_to", "empty_validity")),
        (replace(A, parent_code=None), ("parent", "parent_missing")),
        (replace(A, parent_code="777"), ("parent", "dangling_parent")),
        (replace(A, valid_to="2025-07-02"), ("parent", "outlives_parent")),
        (replace(A, valid_to=None), ("parent", "outlives_parent")),
        (replace(A, parent_code="90002"), ("parent", "level_order")),
        (replace(A, parent_code="90001"), ("parent", "level_order")),
        (replace(A, level=Level.PROVINCE), ("parent", "province_with_parent")),
        (replace(A, valid_to="2025-07-02"), ("valid_from", "overlap")),
        (replace(A, valid_to="2024-01-01"), ("effective", "edge_date")),
        (replace(A, valid_from="2020-01-01"), ("from", "dangling_edge")),
    ],
)
def test_broken_row_is_found_with_field_and_reason(broken: Unit, found: tuple[str, str]) -> None:
    assert found in reasons(Register([PROVINCE, DISTRICT, broken, B, C, NEW_A, NEW_C], EDGES))


def test_edge_to_nowhere_and_edge_back_in_time_are_found() -> None:
    assert ("to", "dangling_edge") in reasons(Register([PROVINCE, DISTRICT, A], [edge(A, NEW_A)]))
    backwards = Edge(*A.key, *B.key, EdgeKind.MERGE, DAY, partial=False, legal_basis="test")
    assert ("effective", "edge_date") in reasons(Register([PROVINCE, DISTRICT, A, B], [backwards]))
