"""The documented import file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from policies.units import EdgeKind, Level, Register, RegisterError, apply
from policies.units_file import CSV_COLUMNS, FORMAT, parse_csv, parse_json

DOCS = Path(__file__).parents[3] / "docs" / "units.md"


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def document(**members: object) -> str:
    unit = {"code": "90", "level": "province", "type": "tỉnh", "name": "Mẫu", "full_name": "Tỉnh Mẫu"}
    return json.dumps({"format": FORMAT, "source": "test", "as_of": "2024-01-01", "units": [unit], **members})


def event(**members: object) -> list[dict[str, object]]:
    return [
        {"kind": "merge", "effective": "2025-07-01", "from": ["1", "2"], "to": ["1"], "legal_basis": "NQ 1", **members}
    ]


def refusal(text: str) -> set[tuple[str, str, str]]:
    with pytest.raises(RegisterError) as caught:
        parse_json(text)
    return {(problem.row, problem.field, problem.reason) for problem in caught.value.problems}


def test_examples_of_the_documentation_say_the_same_in_both_forms() -> None:
    from_json = parse_json(example("json"))
    from_csv = parse_csv(example("csv"), from_json.source, from_json.as_of)
    one, other = (apply(Register(), parsed).register for parsed in (from_json, from_csv))
    assert (one.units, one.edges) == (other.units, other.edges)
    assert [unit.full_name for unit in one.successors("99002", "2024-06-30", "2025-07-01")] == ["Phường Mẫu Hợp Nhất"]
    assert one.successors("990", "2024-06-30", "2025-07-01") == ()


def test_names_are_read_in_nfc_with_single_spaces() -> None:
    unit = {
        "code": "90",
        "level": "province",
        "type": "Tỉnh",
        "name": "Ma\u0302\u0303u",
        "full_name": "Ti\u0309nh  Mẫu ",
    }
    row = parse_json(document(units=[unit])).units[0]
    assert (row.type, row.name, row.full_name, row.level) == ("tỉnh", "M\u1eabu", "T\u1ec9nh M\u1eabu", Level.PROVINCE)


def test_events_are_read() -> None:
    parsed = parse_json(document(events=event(partial=["2"]))).events[0]
    assert (parsed.kind, parsed.sources, parsed.targets, parsed.partial) == (
        EdgeKind.MERGE,
        ("1", "2"),
        ("1",),
        frozenset({"2"}),
    )
    assert parse_json(document(events=event(kind="dissolve", to=[]))).events[0].kind is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", ("document", "", "not_json")),
        ('{"format": "dinhdanh-units/1", "format": "x"}', ("document", "", "not_json")),
        ("[]", ("document", "", "not_an_object")),
        (document(format="other/1"), ("document", "format", "unknown_format")),
        (document(source=""), ("document", "source", "field_missing")),
        (document(surprise=1), ("document", "surprise", "unknown_field")),
        (document(as_of="1/1/2024"), ("document", "as_of", "date_malformed")),
        (document(as_of=None), ("document", "as_of", "field_missing")),
        (document(units={}), ("document", "as_of", "field_missing")),
        (document(units={"a": 1}), ("document", "units", "not_a_list")),
        (document(units=[1]), ("units[0]", "", "not_an_object")),
        (document(units=[{"code": 90}]), ("units[0]", "code", "not_text")),
        (document(units=[{"code": "90"}]), ("units[0]", "full_name", "field_missing")),
        (document(units=[{"valid_too": "2024-01-01"}]), ("units[0]", "valid_too", "unknown_field")),
        (document(units=[{"level": "town"}]), ("units[0]", "level", "unknown_value")),
        (document(events=event(effective="2025-02-30")), ("events[0]", "effective", "date_malformed")),
        (document(events=event(kind="vanish")), ("events[0]", "kind", "unknown_value")),
        (document(events=event(**{"from": "1"})), ("events[0]", "from", "not_a_list")),
        (document(events=event(to=["1", "3"])), ("events[0]", "to", "many_to_many")),
        (document(events=event(to=[])), ("events[0]", "to", "target_missing")),
        (document(events=event(kind="dissolve")), ("events[0]", "to", "target_of_dissolve")),
        (document(events=event(partial=["3"])), ("events[0]", "partial", "unknown_partial")),
        (document(events=event(legal_basis="")), ("events[0]", "legal_basis", "field_missing")),
    ],
)
def test_fault_is_named_with_row_and_field(text: str, found: tuple[str, str, str]) -> None:
    if found == ("document", "as_of", "field_missing") and '"units": {}' in text:
        assert parse_json(text).units == ()
    else:
        assert found in refusal(text)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("town,90,province", ("line 2", "record", "unknown_value")),
        ("unit,90,province,x,x,x,,,,,,,,,,too many", ("line 2", "record", "unknown_value")),
        ("unit,90,town", ("line 2", "level", "unknown_value")),
        ('unit,"90', ("after line 1", "", "not_csv")),
    ],
)
def test_csv_faults_name_the_line(line: str, found: tuple[str, str, str]) -> None:
    with pytest.raises(RegisterError) as caught:
        parse_csv(",".join(CSV_COLUMNS) + "\n" + line + "\n", "test", "2024-01-01")
    assert found in {(problem.row, problem.field, problem.reason) for problem in caught.value.problems}


def test_unknown_csv_column_is_refused() -> None:
    with pytest.raises(RegisterError) as caught:
        parse_csv("record,kode\n", "test", "2024-01-01")
    assert caught.value.problems[0].field == "kode"
