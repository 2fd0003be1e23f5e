"""What becomes of things that hang on units, when units change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from policies import units_file
from policies.units import (
    EdgeKind,
    Fate,
    Holding,
    Register,
    RegisterError,
    UnitReference,
    apply,
    changes,
    difference,
    moves,
    restored,
    undecided,
    undo,
)

EVE, DAY = "2025-06-30", "2025-07-01"


def unit(code: str, name: str, parent: str | None, level: str = "commune", **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "level": level,
        "type": {"province": "tỉnh", "district": "huyện", "commune": "xã"}[level],
        "name": name,
        "full_name": name,
        "parent": parent,
        **more,
    }


def event(kind: str, sources: list[str], targets: list[str] | None = None, **more: Any) -> dict[str, Any]:
    to = {"to": targets} if targets else {}
    return {"kind": kind, "effective": DAY, "from": sources, **to, "legal_basis": "Nghị quyết mẫu", **more}


def document(units: list[dict[str, Any]], events: list[dict[str, Any]]) -> Any:
    content = {"format": units_file.FORMAT, "source": "test", "as_of": "2021-01-01", "units": units, "events": events}
    return units_file.parse_json(json.dumps(content))


BEFORE = apply(
    Register(),
    document(
        [
            unit("99", "Mẫu", None, "province"),
            unit("990", "Huyện", "99", "district"),
            unit("99001", "Đông", "990"),
            unit("99002", "Tây", "990"),
            unit("99003", "Nam", "990"),
            unit("99004", "Bắc", "990"),
        ],
        [],
    ),
).register
# The code of Đông goes to a unit that Đông did not become: whoever wrote 99001 down in 2021 means Đông.
PLAN = document(
    [unit("99001", "Hợp Nhất", "99", valid_from=DAY), unit("99002", "Mới", "99", valid_from=DAY)],
    [
        event("merge", ["99001", "99003"], ["99002"], partial=["99003"]),
        event("split", ["99002", "99003"], ["99001"], partial=["99003"]),
        event("transfer", ["99004"], ["99004"]),
        event("dissolve", ["990"]),
    ],
)


@pytest.fixture(scope="module")
def after() -> Register:
    moved = unit("99004", "Bắc", "99", valid_from=DAY)
    content = replace(PLAN, units=(*PLAN.units, *document([moved], []).units))
    return apply(BEFORE, content).register


def held(code: str, since: str = "2024-05-01") -> Holding:
    return Holding("client", f"of-{code}", code, since)


def test_a_code_that_is_used_again_follows_the_unit_that_had_it_when_it_was_written_down(after: Register) -> None:
    (east,) = moves(after, [held("99001")], EVE, DAY)
    assert (east.fate, east.unit.name, [one.name for one in east.targets]) == (Fate.MOVES, "Đông", ["Mới"])
    assert [one.name for one in after.meant("99001", DAY, DAY)] == ["Hợp Nhất"]


def test_a_right_over_a_unit_is_none_over_what_it_was_merged_with(after: Register) -> None:
    right = replace(held("99001"), follows=frozenset({EdgeKind.RENAME, EdgeKind.TRANSFER}))
    kept = replace(right, code="99004")
    found = {move.holding.code: move for move in moves(after, [right, kept], EVE, DAY)}
    assert (found["99001"].fate, found["99001"].targets) == (Fate.ENDS, ())
    assert found["99004"].fate is Fate.MOVES
    assert [move.holding for move in undecided(after, [right, kept], DAY)] == [right]


def test_divided_and_ended_units_are_for_a_person_to_decide(after: Register) -> None:
    found = {move.holding.code: move for move in moves(after, [held("99003"), held("990")], EVE, DAY)}
    assert found["99003"].fate is Fate.DIVIDED
    assert sorted(one.name for one in found["99003"].targets) == ["Hợp Nhất", "Mới"]
    assert (found["990"].fate, found["990"].targets) == (Fate.ENDS, ())
    waiting = undecided(after, [held("99001"), held("99003"), held("990"), held("H47")], "2026-01-01")
    assert [move.holding.code for move in waiting] == ["99003", "990"]


def test_what_was_written_down_after_the_day_has_not_moved(after: Register) -> None:
    assert list(moves(after, [held("99001", DAY), held("99001", "2025-07-05")], EVE, DAY)) == []


def test_nothing_has_moved_on_the_eve_and_what_stays_is_not_listed(after: Register) -> None:
    everything = [held(code) for code in ("99", "990", "99001", "99002", "99003", "99004")]
    assert list(moves(after, everything, "2025-06-29", EVE)) == []
    assert "99" not in {move.holding.code for move in moves(after, everything, EVE, DAY)}


def test_a_difference_is_taken_back_to_the_row(after: Register) -> None:
    todo = changes(BEFORE, after)
    made = restored(json.loads(json.dumps(difference(BEFORE, todo).document())))
    back = undo(after, made)
    units = {one.key: one for one in after.units if one.key not in set(back.units_gone)}
    units |= {one.key: one for one in back.units_put}
    assert sorted(units.values(), key=lambda one: one.key) == sorted(BEFORE.units, key=lambda one: one.key)
    assert {(e.source_key, e.target_key) for e in back.edges_gone} == {
        (e.source_key, e.target_key) for e in after.edges
    }


def test_what_a_later_import_built_on_is_not_taken_back(after: Register) -> None:
    made = difference(BEFORE, changes(BEFORE, after))
    renamed = [replace(one, name="Khác") if one.key == ("99002", DAY) else one for one in after.units]
    with pytest.raises(RegisterError) as refused:
        undo(Register(renamed, after.edges), made)
    assert {(one.row, one.reason) for one in refused.value.problems} == {("99002@2025-07-01", "built_on")}


@pytest.mark.parametrize("text", ["20341", "20341@2024-12-31", "H47.1"])
def test_a_reference_reads_what_it_writes(text: str) -> None:
    assert str(UnitReference.parse(text)) == text
    assert UnitReference.stored(text) == UnitReference.parse(text)


@pytest.mark.parametrize(
    "text", ["", "@2024-12-31", "20341@", "20341@2024-02-31", "20 341", "20341@2024-12-31x", "x" * 33]
)
def test_anything_else_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match="CODE@YYYY-MM-DD"):
        UnitReference.parse(text)
