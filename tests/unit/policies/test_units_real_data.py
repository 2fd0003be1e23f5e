"""The real reorganisation: every commune of Quảng Nam of 2021 leads to the unit of Đà Nẵng that the resolutions name.

The check files are not part of the project. What the package does not know (it starts after the mergers of 2025-01-01)
comes from a document in our own format, made here out of the check files the way an operator would write it.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from idp.services import unit_sources
from policies import units_file
from policies.units import Document, Register, apply, changes

DATA = Path(__file__).parents[4] / "shared" / "data"
DAY = "2025-07-01"
SEEN = "2021-11-01"
KINDS = {"rename_type_change": "rename", "district_merge": "merge"}

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("vietnamadminunits") is None, reason="the extra vn (vietnamadminunits) is not installed"
)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the check files of ../shared/data are not on this machine")
pytestmark = [needs_package]


def read(name: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / name).read_text(encoding="utf-8")))


def interim_document() -> Document:
    """Make the document of 2023 and 2025-01-01.

    Old units as seen in 2021, events, and the units that began with them.
    """
    old = {unit["code"]: unit for unit in read("quang_nam_units_2021.json")}
    mergers = [merger(event, old[event["new_code"]]) for event in read("reorganisation_2023_2025_interim.json")]
    moved = [unit for unit in old.values() if unit["parent_code"] == "519" and unit["code"] not in {"20671", "20672"}]
    transfers = [transfer(unit) for unit in moved]
    events, begun = zip(*mergers, *transfers, strict=True)
    touched = {code for event in events for code in event["from"]}
    units = [*begun, *(row(old[code], old[code]["parent_code"], None) for code in sorted(touched))]
    document = {"format": units_file.FORMAT, "source": "2023-2025", "as_of": SEEN, "units": units, "events": events}
    return units_file.parse_json(json.dumps(document))


def merger(event: dict[str, Any], before: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a merger as our format says it, and the unit that began with it under a code used before."""
    target, effective = event["new_code"], event["effective"]
    listed = list(event["old_codes"]) + ([target] if target not in event["old_codes"] else [])
    words = event["new_full_name"].removesuffix(event["new_name"]).strip().lower()
    stays = before["level"] == "district" or effective < "2025"
    parent = before["parent_code"] if stays else event["district_code"]
    begun = {**before, "full_name": event["new_full_name"], "name": event["new_name"], "type": words}
    return {
        "kind": KINDS.get(event["kind"], event["kind"]),
        "effective": effective,
        "from": listed,
        "to": [target],
        "legal_basis": event["legal_basis"],
    }, row(begun, parent, effective)


def transfer(unit: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the transfer of a unit to the district that took its own in on 2025-01-01, and the unit as it is there."""
    renamed = {"full_name": "Thị trấn Trung Phước", "name": "Trung Phước", "type": "thị trấn"}
    return {
        "kind": "transfer",
        "effective": "2025-01-01",
        "from": [unit["code"]],
        "to": [unit["code"]],
        "legal_basis": "Nghị quyết 1241/NQ-UBTVQH15",
    }, row({**unit, **renamed} if unit["code"] == "20656" else unit, "509", "2025-01-01")


def row(unit: dict[str, Any], parent: str | None, valid_from: str | None) -> dict[str, Any]:
    fields = {name: unit[name] for name in ("code", "level", "type", "name", "full_name")}
    return {**fields, "parent": parent, "valid_from": valid_from}


@pytest.fixture(scope="module")
def package() -> Register:
    return apply(Register(), unit_sources.load("package:vietnamadminunits")).register


@pytest.fixture(scope="module")
def whole(package: Register) -> Register:
    return apply(package, interim_document()).register


def found(register: Register, mapping: dict[str, Any]) -> list[tuple[str, str]]:
    return [(unit.code, unit.full_name) for unit in register.successors(mapping["code_2021"], SEEN, DAY)]


@needs_data
def test_each_of_the_241_communes_of_2021_resolves_to_the_unit_named(whole: Register) -> None:
    mapping = read("quang_nam_2021_to_da_nang_2025.json")
    assert len(mapping) == 241
    wrong = [one["code_2021"] for one in mapping if found(whole, one) != [(one["code_2025"], one["full_name_2025"])]]
    assert wrong == []
    assert len({whole.resolve(one["code_2021"], DAY) for one in mapping}) == 78


@needs_data
def test_package_alone_resolves_all_but_the_eight_communes_merged_before_it_begins(package: Register) -> None:
    mapping = read("quang_nam_2021_to_da_nang_2025.json")
    resolved = {
        one["code_2021"] for one in mapping if found(package, one) == [(one["code_2025"], one["full_name_2025"])]
    }
    assert {one["code_2021"] for one in mapping} - resolved == {
        "20338",
        "20383",
        "20602",
        "20672",
        "20761",
        "20822",
        "20830",
        "20863",
    }
    assert all(package.history(code) == () for code in ("20338", "20863"))


@needs_data
def test_communes_between_the_reforms_are_what_the_law_made_them(whole: Register) -> None:
    before = {unit["code"]: unit for unit in read("quang_nam_communes_before_2025-07-01.json")}
    tree = whole.tree("2025-06-30")
    communes = [unit for district in tree["49"] for unit in tree[district.code]]
    assert {unit.code: unit.parent_code for unit in communes} == {
        code: unit["parent_code"] for code, unit in before.items()
    }
    assert len(tree["49"]) == 17
    in_2021 = whole.tree(SEEN)
    assert sorted(unit.code for unit in in_2021["49"]) == [str(code) for code in range(502, 520)]
    assert sum(len(in_2021[unit.code]) for unit in in_2021["49"]) == 241
    seen = [(code, whole.on(code, SEEN)) for code in ("20560", "20656", "20758")]
    assert [unit.full_name for _, unit in seen if unit] == ["Xã Điện Thắng Bắc", "Xã Quế Trung", "Xã Hiệp Hòa"]


@needs_data
def test_own_document_may_also_come_first(whole: Register) -> None:
    old = [row(unit, unit["parent_code"], None) for unit in read("quang_nam_units_2021.json")]
    snapshot = units_file.parse_json(
        json.dumps({"format": units_file.FORMAT, "source": "GSO 2021", "as_of": SEEN, "units": old})
    )
    register = Register()
    for document in (snapshot, interim_document(), unit_sources.load("package:vietnamadminunits")):
        register = apply(register, document).register
    mapping = read("quang_nam_2021_to_da_nang_2025.json")
    assert [found(register, one) for one in mapping] == [found(whole, one) for one in mapping]


@needs_data
def test_both_imports_may_be_repeated(whole: Register) -> None:
    again = apply(apply(whole, unit_sources.load("package:vietnamadminunits")).register, interim_document()).register
    done = changes(whole, again)
    assert (done.units_put, done.edges_put, done.units_gone, done.edges_gone) == ((), (), (), ())


def test_no_district_has_a_successor_but_the_five_islands(package: Register) -> None:
    tree = package.tree("2025-06-30")
    districts = [unit for province in tree[None] for unit in tree[province.code]]
    followed = {unit.code: package.successors(unit.code, SEEN, DAY) for unit in districts}
    assert len(districts) == 696
    assert {code: [unit.code for unit in units] for code, units in followed.items() if units} == {
        "318": ["11948"],
        "471": ["19742"],
        "498": ["20333"],
        "536": ["21548"],
        "755": ["26732"],
    }


def test_divided_commune_has_both_successors_in_part(package: Register) -> None:
    successors = package.successors("20296", SEEN, DAY)
    assert [(unit.code, unit.full_name) for unit in successors] == [
        ("20194", "Phường Hải Vân"),
        ("20197", "Phường Liên Chiểu"),
    ]
    assert all(edge.partial for unit in package.history("20296") for edge in package.edges_from(unit.key))


def test_code_that_was_used_again_names_another_ward_from_that_day(package: Register) -> None:
    before, after = package.on("20341", "2025-06-30"), package.on("20341", DAY)
    assert before is not None
    assert after is not None
    assert (before.full_name, after.full_name) == ("Phường An Mỹ", "Phường Tam Kỳ")
    assert [unit.full_name for unit in package.ancestors("20341", "2025-06-30")] == [
        "Thành phố Tam Kỳ",
        "Tỉnh Quảng Nam",
    ]
    assert [unit.full_name for unit in package.ancestors("20341", DAY)] == ["Thành phố Đà Nẵng"]


def test_editions_have_the_official_numbers_of_units(package: Register) -> None:
    before, after = package.tree("2025-06-30"), package.tree(DAY)
    assert (len(before[None]), len(after[None])) == (63, 34)
    assert sum(len(units) for parent, units in after.items() if parent) == 3321
    assert len(after["48"]) == 94
