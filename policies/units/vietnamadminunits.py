"""From the data of the package ``vietnamadminunits`` (MIT) to a document of ours.

Knows its shape, not where it is installed.

The package knows two editions. Its *legacy* one is the list of the General Statistics Office for 63 provinces as it
stood at the end, 2025-06-30: it already has the mergers of 2025-01-01 and says nothing of when a unit began. Its *2025*
edition is in force from 2025-07-01. A conversion table leads from the one to the other, divided communes included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from policies.units.document import Document, Event, UnitRow
from policies.units.model import EdgeKind, Level

LAST_LEGACY_DAY: Final = "2025-06-30"
EFFECTIVE: Final = "2025-07-01"
SOURCE: Final = "package:vietnamadminunits"

_PROVINCES_BY: Final = "Nghị quyết 202/2025/QH15"
_DISTRICTS_BY: Final = "Nghị quyết 203/2025/QH15"
_COMMUNES_BY: Final = "Nghị quyết của Ủy ban Thường vụ Quốc hội ngày 16/06/2025 về sắp xếp đơn vị hành chính cấp xã"
_TYPES: Final = ("thành phố", "tỉnh", "quận", "huyện", "thị xã", "thị trấn", "phường", "xã", "đặc khu")

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PackageData:
    """The three JSON files of the package, parsed.

    ``parser_legacy.json``, ``parser_from_2025.json``, ``converter_2025.json``.
    """

    legacy: Data
    current: Data
    converter: Data


@dataclass(slots=True)
class _Editions:
    """Rows of both editions by the package's own keys, which the conversion table speaks in."""

    old_provinces: dict[str, UnitRow] = field(default_factory=dict)
    old: dict[str, UnitRow] = field(default_factory=dict)
    districts: dict[str, UnitRow] = field(default_factory=dict)
    new_provinces: dict[str, UnitRow] = field(default_factory=dict)
    new: dict[tuple[str, str], UnitRow] = field(default_factory=dict)


def convert(data: PackageData, version: str) -> Document:
    """Return both editions and the events of 2025-07-01 as a document.

    Raises ``KeyError`` for data of another shape.
    """
    editions = _Editions()
    _read_legacy(data.legacy, editions)
    _read_current(data.current, editions)
    parts = _conversion(data.converter)
    events = [*_province_events(data.converter["DICT_PROVINCE"], editions)]
    events += (_commune_event(editions, target, sources) for target, sources in sorted(parts.items()))
    converted = {source for sources in parts.values() for source, _ in sources}
    dissolved = sorted(row.code for key, row in editions.districts.items() if f"{key}_" not in converted)
    events.append(Event(None, EFFECTIVE, _DISTRICTS_BY, tuple(dissolved), place="districts"))
    return Document(f"{SOURCE}@{version}", LAST_LEGACY_DAY, tuple(_rows(editions, events)), tuple(events))


def _read_legacy(legacy: Data, editions: _Editions) -> None:
    for province_key, province in legacy["DICT_PROVINCE"].items():
        code = province["provinceCode"]
        editions.old_provinces[province_key] = _row(
            Level.PROVINCE, (code, province["province"], province["provinceShort"]), None
        )
        for district_key, district in legacy["DICT_PROVINCE_DISTRICT"][province_key].items():
            key = f"{province_key}_{district_key}"
            row = _row(
                Level.DISTRICT, (district["districtCode"], district["district"], district["districtShort"]), code
            )
            editions.districts[key] = row
            # An island district without communes is converted itself, under an empty commune key.
            editions.old[f"{key}_"] = row
    for table in ("DICT_PROVINCE_DISTRICT_WARD_NO_ACCENTED", "DICT_PROVINCE_DISTRICT_WARD_ACCENTED"):
        for province_key, districts in legacy[table].items():
            for district_key, wards in districts.items():
                parent = editions.districts[f"{province_key}_{district_key}"].code
                for ward_key, ward in wards.items():
                    # The five island districts carry one commune of NaN.
                    if isinstance(ward["wardCode"], str):
                        row = _row(Level.COMMUNE, (ward["wardCode"], ward["ward"], ward["wardShort"]), parent)
                        editions.old[f"{province_key}_{district_key}_{ward_key}"] = row


def _read_current(current: Data, editions: _Editions) -> None:
    for province_key, province in current["DICT_PROVINCE"].items():
        row = _row(
            Level.PROVINCE, (province["provinceCode"], province["province"], province["provinceShort"]), None, EFFECTIVE
        )
        editions.new_provinces[province_key] = row
    for table in ("DICT_PROVINCE_WARD_NO_ACCENTED", "DICT_PROVINCE_WARD_ACCENTED"):
        for province_key, wards in current[table].items():
            parent = editions.new_provinces[province_key].code
            for ward_key, ward in wards.items():
                row = _row(Level.COMMUNE, (ward["wardCode"], ward["ward"], ward["wardShort"]), parent, EFFECTIVE)
                editions.new[province_key, ward_key] = row


def _conversion(converter: Data) -> dict[tuple[str, str], list[tuple[str, bool]]]:
    """Return for each new commune the keys of what it was made of, each with whether only a part of it came."""
    parts: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for province, targets in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for target, sources in targets.items():
            parts.setdefault((province, target), []).extend((source, False) for source in sources)
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source, targets in divided.items():
            for target in targets:
                parts.setdefault((province, target["newWardKey"]), []).append((source, True))
    return parts


def _province_events(table: Mapping[str, list[str]], editions: _Editions) -> Iterator[Event]:
    """Only mergers: a province that was merged with none went on, and its row with it."""
    for province_key, sources in sorted(table.items()):
        if len(sources) > 1:
            codes = tuple(editions.old_provinces[source].code for source in sources)
            target = editions.new_provinces[province_key].code
            yield Event(EdgeKind.MERGE, EFFECTIVE, _PROVINCES_BY, codes, (target,), place=province_key)


def _commune_event(editions: _Editions, target: tuple[str, str], sources: Iterable[tuple[str, bool]]) -> Event:
    new = editions.new[target]
    old = [(editions.old[source], partial) for source, partial in sources]
    partial = frozenset(row.code for row, is_partial in old if is_partial)
    kind = _kind([row for row, _ in old], new, is_part=bool(partial))
    codes = tuple(row.code for row, _ in old)
    return Event(kind, EFFECTIVE, _COMMUNES_BY, codes, (new.code,), partial, place="/".join(target))


def _kind(old: list[UnitRow], new: UnitRow, *, is_part: bool) -> EdgeKind:
    if len(old) > 1:
        return EdgeKind.MERGE
    if old[0].level is not new.level:
        return EdgeKind.CONVERT
    if is_part:
        return EdgeKind.SPLIT
    if old[0].full_name == new.full_name:
        return EdgeKind.TRANSFER
    return EdgeKind.TYPE_CHANGE if old[0].name == new.name else EdgeKind.RENAME


def _rows(editions: _Editions, events: Iterable[Event]) -> Iterator[UnitRow]:
    yield from editions.old_provinces.values()
    yield from editions.districts.values()
    yield from (row for row in editions.old.values() if row.level is Level.COMMUNE)
    changed = {code for event in events for code in event.targets}
    yield from (row for row in editions.new_provinces.values() if row.code in changed)
    yield from editions.new.values()


def _row(level: Level, named: tuple[str, str, str], parent: str | None, valid_from: str | None = None) -> UnitRow:
    """Return the row of (code, full name, name), with the type read from the full name.

    The package's own type column contradicts it in four places.
    """
    code, full_name, name = named
    kind = next(word for word in _TYPES if full_name.casefold().startswith(f"{word} "))
    spelled = kind.capitalize() + full_name[len(kind) :]
    return UnitRow(code, level, kind, name, spelled, parent, valid_from, place=f"{code} {spelled}")
