"""The units register over random histories: what the proof promises holds after every import."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.units import (
    BEGINNING,
    Document,
    EdgeKind,
    Event,
    Level,
    Register,
    RegisterError,
    UnitRow,
    apply,
    changes,
    problems_of,
)

CODES = tuple(f"9{number:04d}" for number in range(8))
DAYS = tuple(f"20{year}-07-01" for year in range(10, 20))
BASE = Document(
    "base",
    "2009-01-01",
    (
        UnitRow("99", Level.PROVINCE, "tỉnh", "Mẫu", "Tỉnh Mẫu", None),
        *(UnitRow(code, Level.COMMUNE, "xã", code, f"Xã {code}", "99") for code in CODES),
    ),
)

steps = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from([EdgeKind.MERGE, EdgeKind.SPLIT, EdgeKind.RENAME, None]),
        st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True),
    ),
    max_size=8,
)


def document(day: str, kind: EdgeKind | None, sources: list[str], targets: list[str]) -> Document:
    """Return one event; its targets are new units, so that codes are used again."""
    listed = tuple(targets) if kind is not None else ()
    rows = tuple(
        UnitRow(code, Level.COMMUNE, "phường", f"{code} {day}", f"Phường {code} {day}", "99", day) for code in listed
    )
    return Document(day, None, rows, (Event(kind, day, "NQ", tuple(sources), listed),))


def live(history: list[Any]) -> tuple[Register, list[Document]]:
    register, done = apply(Register(), BASE).register, []
    for step in history:
        try:
            register = apply(register, document(*step)).register
        except RegisterError:
            continue
        done.append(document(*step))
    return register, done


@settings(max_examples=150, deadline=None)
@given(steps)
def test_register_stays_sound_whatever_was_tried(history: list[Any]) -> None:
    register, _ = live(history)
    assert problems_of(register) == ()
    for day in (BEGINNING, *DAYS):
        for code in CODES:
            assert sum(unit.is_valid_on(day) for unit in register.history(code)) <= 1


@settings(max_examples=150, deadline=None)
@given(steps, st.sampled_from(CODES), st.sampled_from(DAYS), st.sampled_from(DAYS))
def test_successors_are_in_force_unique_and_composable(history: list[Any], code: str, middle: str, end: str) -> None:
    register, _ = live(history)
    found = register.successors(code, BEGINNING, end)
    assert all(unit.is_valid_on(end) for unit in found)
    assert len({unit.key for unit in found}) == len(found)
    if middle <= end:
        stages = register.successors(code, BEGINNING, middle)
        staged = {unit for stage in stages for unit in register.successors(stage.code, middle, end)}
        assert staged == set(found)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_last_import_repeated_changes_nothing(history: list[Any]) -> None:
    register, done = live(history)
    for again in (BASE, *done[-1:]):
        difference = changes(register, apply(register, again).register)
        assert difference == changes(register, register)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_changes_lead_from_one_register_to_the_other(history: list[Any]) -> None:
    before = apply(Register(), BASE).register
    after, _ = live(history)
    done = changes(before, after)
    units = {unit.key: unit for unit in before.units} | {unit.key: unit for unit in done.units_put}
    edges = [edge for edge in before.edges if edge not in done.edges_gone] + list(done.edges_put)
    rebuilt = Register((unit for key, unit in units.items() if key not in done.units_gone), edges)
    assert (rebuilt.units, rebuilt.edges) == (after.units, after.edges)
