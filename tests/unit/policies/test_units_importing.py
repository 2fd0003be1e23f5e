"""Documents applied to a register: observations, events, repetition, order of time."""

from __future__ import annotations

import pytest

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
)

DAY = "2025-07-01"
SNAPSHOT = "2025-06-30"


LEVELS = {2: Level.PROVINCE, 3: Level.DISTRICT, 5: Level.COMMUNE}


def row(code: str, name: str, parent: str | None, valid_from: str | None = None, kind: str = "xã") -> UnitRow:
    full_name = f"{kind.capitalize()} {name}"
    return UnitRow(code, LEVELS[len(code)], kind, name, full_name, parent, valid_from, place=f"{code}/{valid_from}")


PROVINCE = row("90", "Mẫu", None, kind="tỉnh")
DISTRICT = row("901", "Mẫu", "90", kind="huyện")
A, B, C = row("90001", "A", "901"), row("90002", "B", "901"), row("90003", "C", "901")
BASE = Document("base", SNAPSHOT, (PROVINCE, DISTRICT, A, B, C))
MERGE = Document(
    "2025",
    None,
    (row("90001", "Hợp Nhất", "90", valid_from=DAY, kind="phường"), row("90003", "C", "90", valid_from=DAY)),
    (
        Event(EdgeKind.MERGE, DAY, "NQ 1", ("90001", "90002"), ("90001",), frozenset({"90002"}), "events[0]"),
        Event(EdgeKind.MERGE, DAY, "NQ 1", ("90002", "90003"), ("90003",), frozenset({"90002"}), "events[1]"),
        Event(None, DAY, "NQ 2", ("901",), place="events[2]"),
    ),
)
"""B is divided between A and C, and the district goes."""
OLDER = Document(
    "2023",
    "2021-11-01",
    (row("90001", "A Cũ", "901"), row("90009", "Z", "901"), row("90001", "A", "901", valid_from="2023-04-10")),
    (
        Event(EdgeKind.RENAME, "2023-04-10", "NQ 0", ("90001",), ("90001",), place="events[0]"),
        Event(EdgeKind.MERGE, "2025-01-01", "NQ 0", ("90002", "90009"), ("90002",), place="events[1]"),
    ),
)
"""Before the snapshot: A had another name, and Z was merged into B."""


def applied(*documents: Document) -> Register:
    register = Register()
    for document in documents:
        register = apply(register, document).register
    return register


def names(register: Register, code: str, from_date: str, on_date: str) -> list[str]:
    return [unit.full_name for unit in register.successors(code, from_date, on_date)]


def refusal(register: Register, document: Document) -> set[tuple[str, str, str]]:
    with pytest.raises(RegisterError) as caught:
        apply(register, document)
    return {(problem.row, problem.field, problem.reason) for problem in caught.value.problems}


def test_observed_units_have_an_unknown_beginning() -> None:
    unit = applied(BASE).on("90001", "2000-01-01")
    assert unit is not None
    assert (unit.valid_from, unit.valid_to, unit.source) == (BEGINNING, None, "base")


def test_events_end_rows_and_begin_others_with_edges_between() -> None:
    register = applied(BASE, MERGE)
    assert names(register, "90001", SNAPSHOT, DAY) == ["Phường Hợp Nhất"]
    assert names(register, "90002", SNAPSHOT, DAY) == ["Phường Hợp Nhất", "Xã C"]
    assert names(register, "901", SNAPSHOT, DAY) == []
    assert [edge.partial for edge in register.edges] == [False, True, True, False]
    assert {edge.legal_basis for edge in register.edges} == {"NQ 1"}


def test_order_of_events_of_one_day_does_not_matter() -> None:
    backwards = Document(MERGE.source, None, MERGE.units[::-1], MERGE.events[::-1])
    assert applied(BASE, MERGE).units == applied(BASE, backwards).units
    assert applied(BASE, MERGE).edges == applied(BASE, backwards).edges


@pytest.mark.parametrize("documents", [(BASE, MERGE, OLDER), (BASE, OLDER, MERGE)])
def test_older_events_may_come_before_or_after(documents: tuple[Document, ...]) -> None:
    register = applied(*documents)
    assert [unit.full_name for unit in register.history("90001")] == ["Xã A Cũ", "Xã A", "Phường Hợp Nhất"]
    assert names(register, "90001", "2022-01-01", DAY) == ["Phường Hợp Nhất"]
    assert names(register, "90009", "2021-11-01", "2025-01-01") == ["Xã B"]
    assert names(register, "90009", "2021-11-01", DAY) == ["Phường Hợp Nhất", "Xã C"]


@pytest.mark.parametrize("again", [BASE, MERGE, OLDER])
def test_importing_again_changes_nothing(again: Document) -> None:
    register = applied(BASE, MERGE, OLDER)
    done = changes(register, apply(register, again).register)
    assert (done.units_put, done.units_gone, done.edges_put, done.edges_gone) == ((), (), (), ())


def test_changes_name_what_has_to_be_written() -> None:
    before, after = applied(BASE, MERGE), applied(BASE, MERGE, OLDER)
    done = changes(before, after)
    assert {(unit.code, unit.valid_from) for unit in done.units_put} == {
        ("90001", BEGINNING),
        ("90001", "2023-04-10"),
        ("90002", BEGINNING),
        ("90002", "2025-01-01"),
        ("90009", BEGINNING),
    }
    assert done.units_gone == ()
    assert {(edge.from_code, edge.from_valid_from) for edge in done.edges_gone} == {
        ("90001", BEGINNING),
        ("90002", BEGINNING),
    }
    assert len(done.edges_put) == 3 + 3


def test_another_spelling_of_an_observed_name_is_a_notice() -> None:
    seen = Document("other", SNAPSHOT, (row("90001", "Á", "901"),))
    result = apply(applied(BASE), seen)
    assert [(notice.row, notice.reason) for notice in result.notices] == [("90001/None", "name_differs")]
    assert result.register.units == applied(BASE).units


def test_observation_of_another_type_or_parent_contradicts() -> None:
    assert refusal(applied(BASE), Document("x", SNAPSHOT, (row("90001", "A", "901", kind="phường"),))) == {
        ("90001/None", "code", "contradicts")
    }
    assert refusal(applied(BASE), Document("x", SNAPSHOT, (row("90001", "A", "90"),))) == {
        ("90001/None", "code", "contradicts")
    }


def test_dated_row_corrects_the_row_with_its_key_and_keeps_its_end() -> None:
    register = applied(BASE, MERGE, Document("fix", None, (row("90002", "B đúng", "901", valid_from=BEGINNING),)))
    unit = register.on("90002", SNAPSHOT)
    assert unit is not None
    assert (unit.name, unit.valid_to) == ("B đúng", DAY)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (Document("x", None, (A,)), ("90001/None", "valid_from", "as_of_missing")),
        (Document("x", "today", (A,)), ("document", "as_of", "date_malformed")),
        (
            Document("x", None, (), (Event(None, "0001-01-01", "", ("901",), place="e"),)),
            ("e", "effective", "date_malformed"),
        ),
        (
            Document("x", None, (), (Event(EdgeKind.MERGE, DAY, "", ("90001", "77777"), ("90001",), place="e"),)),
            ("e", "from", "not_in_force"),
        ),
        (
            Document("x", None, (), (Event(EdgeKind.RENAME, DAY, "", ("90001",), ("77777",), place="e"),)),
            ("e", "to", "unknown_target"),
        ),
        (
            Document("x", None, (), (Event(None, DAY, "", ("901",), place="e"),)),
            ("90001/None", "parent", "outlives_parent"),
        ),
        (
            Document("x", None, (row("90077", "X", "902", valid_from=DAY),)),
            ("90077/2025-07-01", "parent", "dangling_parent"),
        ),
        (
            Document("x", None, (row("90001", "X", "901", valid_from=DAY),)),
            ("90001/2025-07-01", "valid_from", "overlap"),
        ),
    ],
)
def test_faulty_document_is_refused_as_a_whole_naming_row_and_field(
    document: Document, found: tuple[str, str, str]
) -> None:
    before = applied(BASE)
    register = Register(before.units, before.edges)
    problems = refusal(register, document)
    row_, field, reason = found
    assert found in problems or (row_ == "90001/None" and ("90001@0001-01-01", field, reason) in problems)
    assert register.units == before.units


def test_unit_that_ends_later_cannot_end_now() -> None:
    early = Document(
        "x", None, (), (Event(EdgeKind.MERGE, "2025-01-01", "", ("90001", "90002"), ("90001",), place="e"),)
    )
    assert ("90002@0001-01-01", "valid_to", "ends_at_another_time") in refusal(applied(BASE, MERGE), early)


def test_unit_may_be_merged_into_one_that_goes_on_unchanged() -> None:
    document = Document("x", None, (), (Event(EdgeKind.MERGE, DAY, "", ("90002",), ("90001",), place="e"),))
    register = applied(BASE, document)
    assert names(register, "90002", SNAPSHOT, DAY) == ["Xã A"]
    assert len(register.history("90001")) == 1


def test_observation_of_a_code_that_had_ended_begins_when_it_was_seen() -> None:
    register = applied(BASE, MERGE, Document("x", "2026-01-01", (row("90002", "B Mới", "90"),)))
    assert [unit.valid_from for unit in register.history("90002")] == [BEGINNING, "2026-01-01"]
