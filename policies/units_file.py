"""Reads the documented import file of units, JSON or CSV (``docs/units.md``), into a ``policies.units.Document``.

Every fault is reported with its row and field; nothing is guessed and unknown members are refused, because a misspelt
``valid_to`` that is silently dropped would keep a unit alive for ever.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from policies.units.checks import is_date
from policies.units.document import Document, Event, UnitRow
from policies.units.model import EdgeKind, Level, Problem, RegisterError

FORMAT: Final = "dinhdanh-units/1"
DISSOLVE: Final = "dissolve"
UNIT_FIELDS: Final = ("code", "level", "type", "name", "full_name", "parent", "valid_from", "valid_to")
EVENT_FIELDS: Final = ("kind", "effective", "from", "to", "partial", "legal_basis")
CSV_COLUMNS: Final = ("record", *UNIT_FIELDS, *EVENT_FIELDS)

_DOCUMENT_FIELDS: Final = frozenset({"format", "source", "as_of", "units", "events"})
_REQUIRED_OF_UNIT: Final = ("code", "level", "type", "name", "full_name")
_REQUIRED_OF_EVENT: Final = ("kind", "effective", "from", "legal_basis")
_LISTS: Final = frozenset({"from", "to", "partial"})
_DATES: Final = frozenset({"as_of", "valid_from", "valid_to", "effective"})
_CHOICES: Final[Mapping[str, frozenset[str]]] = {
    "level": frozenset(Level),
    "kind": frozenset(EdgeKind) | {DISSOLVE},
}


def parse_json(text: str) -> Document:
    """Return the document of a JSON file; raises ``RegisterError`` with every fault found.

    Reasons: ``not_json``, ``characters``, ``unknown_format``, ``unknown_field``, ``field_missing``, ``not_text``, ``not_a_list``,
    ``not_an_object``, ``date_malformed``, ``unknown_value``, ``unknown_partial``, ``many_to_many``, ``target_missing``,
    ``target_of_dissolve``.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise RegisterError((Problem("document", "", "not_json", str(error)[:100]),)) from error
    if not isinstance(document, dict):
        _refuse("document", "", "not_an_object")
    if not all(map(_is_storable, _texts(document))):
        _refuse("document", "", "characters", "an escape makes half a character, or the character NUL")
    if document.get("format") != FORMAT:
        _refuse("document", "format", "unknown_format", f"write {FORMAT}")
    problems = list(_head_problems(document))
    units, events = ((name, document.get(name) or []) for name in ("units", "events"))
    records: dict[str, list[tuple[str, dict[str, Any]]]] = {"units": [], "events": []}
    for name, listed in (units, events):
        if not isinstance(listed, list):
            _refuse("document", name, "not_a_list")
        for index, record in enumerate(listed):
            place = f"{name}[{index}]"
            if isinstance(record, dict):
                records[name].append((place, record))
            else:
                problems.append(Problem(place, "", "not_an_object"))
    return _document(document.get("source", ""), document.get("as_of"), records["units"], records["events"], problems)


def parse_csv(text: str, source: str, as_of: str | None) -> Document:
    """Return the document of a CSV file with one row a unit or event.

    ``source`` and ``as_of`` come from beside the file.

    The columns are ``CSV_COLUMNS`` in any order; ``record`` is ``unit`` or ``event``; lists are codes with spaces
    between. Raises ``RegisterError`` as ``parse_json`` does, naming lines of the file.
    """
    if not _is_storable(text):
        _refuse("document", "", "characters", "the file holds the character NUL")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    problems: list[Problem] = []
    records: dict[str, list[tuple[str, dict[str, Any]]]] = {"unit": [], "event": []}
    try:
        problems += (
            Problem("line 1", str(name), "unknown_field") for name in reader.fieldnames or () if name not in CSV_COLUMNS
        )
        for line in reader:
            place = f"line {reader.line_num}"
            kind = line.pop("record", None) or ""
            if kind not in records or None in line:
                problems.append(
                    Problem(place, "record", "unknown_value", "unit or event, and as many cells as columns")
                )
                continue
            records[kind].append((place, {name: _cell(name, value) for name, value in line.items() if value}))
    except csv.Error as error:
        problems.append(Problem(f"after line {reader.line_num}", "", "not_csv", str(error)[:100]))
    return _document(source, as_of, records["unit"], records["event"], problems)


def _cell(name: str, value: str) -> str | list[str]:
    return value.split() if name in _LISTS else value.strip()


def _document(
    source: object,
    as_of: object,
    units: list[tuple[str, dict[str, Any]]],
    events: list[tuple[str, dict[str, Any]]],
    problems: list[Problem],
) -> Document:
    for place, record in units:
        problems += _problems(place, record, UNIT_FIELDS, _REQUIRED_OF_UNIT)
    for place, record in events:
        problems += _problems(place, record, EVENT_FIELDS, _REQUIRED_OF_EVENT) or _event_problems(place, record)
    if as_of is None and any("valid_from" not in record for _, record in units):
        problems.append(Problem("document", "as_of", "field_missing", "units without valid_from need it"))
    if problems:
        raise RegisterError(tuple(problems))
    return Document(
        source=str(source),
        as_of=str(as_of) if as_of is not None else None,
        units=tuple(_unit(place, record) for place, record in units),
        events=tuple(_event(place, record) for place, record in events),
    )


def _head_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    for name in document:
        if name not in _DOCUMENT_FIELDS:
            yield Problem("document", name, "unknown_field")
    source, as_of = document.get("source"), document.get("as_of")
    if not isinstance(source, str) or not source.strip():
        yield Problem("document", "source", "field_missing", "say where the data comes from")
    if as_of is not None and not (isinstance(as_of, str) and is_date(as_of)):
        yield Problem("document", "as_of", "date_malformed", "write YYYY-MM-DD")


def _problems(
    place: str, record: Mapping[str, Any], fields: tuple[str, ...], required: tuple[str, ...]
) -> list[Problem]:
    found = [Problem(place, name, "field_missing") for name in required if record.get(name) in (None, "", [])]
    for name, value in record.items():
        reason, detail = _fault(name, value, fields)
        if reason:
            found.append(Problem(place, name, reason, detail))
    return found


def _fault(name: str, value: object, fields: tuple[str, ...]) -> tuple[str, str]:
    if name not in fields:
        return "unknown_field", ""
    if value is None:
        return "", ""
    if name in _LISTS:
        return ("", "") if _is_list_of_text(value) else ("not_a_list", "of codes")
    return _text_fault(name, value) if isinstance(value, str) else ("not_text", "codes and dates are text")


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _text_fault(name: str, value: str) -> tuple[str, str]:
    if name in _DATES and not is_date(value):
        return "date_malformed", "write YYYY-MM-DD"
    if name in _CHOICES and value not in _CHOICES[name]:
        return "unknown_value", f"one of {', '.join(sorted(_CHOICES[name]))}"
    return "", ""


def _event_problems(place: str, record: Mapping[str, Any]) -> list[Problem]:
    sources, targets = record["from"], record.get("to") or []
    found = []
    if record["kind"] == DISSOLVE and targets:
        found.append(Problem(place, "to", "target_of_dissolve", "nothing follows a unit that was dissolved"))
    if record["kind"] != DISSOLVE and not targets:
        found.append(Problem(place, "to", "target_missing"))
    if len(sources) > 1 and len(targets) > 1:
        found.append(Problem(place, "to", "many_to_many", "write one event for each target"))
    if not set(record.get("partial") or []) <= set(sources):
        found.append(Problem(place, "partial", "unknown_partial", "partial names codes of from"))
    return found


def _unit(place: str, record: Mapping[str, Any]) -> UnitRow:
    return UnitRow(
        code=record["code"],
        level=Level(record["level"]),
        type=_text(record["type"]).lower(),
        name=_text(record["name"]),
        full_name=_text(record["full_name"]),
        parent=record.get("parent") or None,
        valid_from=record.get("valid_from") or None,
        valid_to=record.get("valid_to") or None,
        place=place,
    )


def _event(place: str, record: Mapping[str, Any]) -> Event:
    return Event(
        kind=None if record["kind"] == DISSOLVE else EdgeKind(record["kind"]),
        effective=record["effective"],
        legal_basis=_text(record["legal_basis"]),
        sources=tuple(dict.fromkeys(record["from"])),
        targets=tuple(dict.fromkeys(record.get("to") or [])),
        partial=frozenset(record.get("partial") or []),
        place=place,
    )


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value, the names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, held in value.items():
            yield name
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)


def _is_storable(text: str) -> bool:
    """Tell whether a text can be written down and shown: half a character has no UTF-8 form, and PostgreSQL keeps no NUL."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _text(value: str) -> str:
    """Vietnamese names in NFC with single spaces, so that two spellings of one letter are one name."""
    return " ".join(unicodedata.normalize("NFC", value).split())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a member appears twice"
        raise ValueError(message)
    return found


def _refuse(row: str, field: str, reason: str, detail: str = "") -> NoReturn:
    raise RegisterError((Problem(row, field, reason, detail),))
