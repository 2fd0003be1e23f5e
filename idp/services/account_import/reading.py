"""The two formats, CSV and JSON lines, as one stream of records.

The place after each record is exact, so that reading can go on there: the ``csv`` module takes one physical line after
the other and never more than a record needs. A record that cannot be read costs its first line only: reading goes on
with the next line, as an unclosed quote would otherwise take the good rows below along.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, Protocol

import orjson

from idp.errors import InvalidInput
from idp.services import drafts
from idp.services.account_import.lines import Lines
from idp.services.account_import.records import Fault, Record, Unreadable

REJECTED_PREFIX: Final = "rejected_"
"""Columns that a file of rejected rows adds.

They are passed over, so that it can be corrected and imported as it is.
"""

_BOM: Final = b"\xef\xbb\xbf"
_REQUIRED: Final = ("code_type", "code", "name")
_DELIMITERS: Final = ",;\t"


class Source(Protocol):
    """An open file of either format."""

    columns: tuple[str, ...]
    start: tuple[int, int]

    def records(self, offset: int, line: int) -> Iterator[Record]:
        """Yield records from a place at which one begins."""
        ...


def open_source(file: BinaryIO) -> Source:
    """Recognise the format and check the header; raises ``InvalidInput`` that says what is wrong with the file."""
    head = file.read(len(_BOM) + 1)
    start = len(_BOM) if head.startswith(_BOM) else 0
    lines = Lines(file)
    lines.move(start, 0)
    if head[start : start + 1] == b"{":
        return JsonLines(lines, start)
    return CsvFile(lines)


class JsonLines:
    """One JSON object a line; empty lines are passed over."""

    columns = drafts.COLUMNS

    def __init__(self, lines: Lines, start: int) -> None:
        """Take the lines and the place of the first one."""
        self._lines = lines
        self.start = (start, 0)

    def records(self, offset: int, line: int) -> Iterator[Record]:
        """Yield records from a place at which one begins."""
        lines = self._lines
        lines.move(offset, line)
        while True:
            begin, number = lines.offset, lines.line + 1
            lines.begin_record()
            try:
                text = next(lines)
                if not text.strip():
                    continue
                yield Record(number, lines.offset, lines.line, _object(text))
            except StopIteration:
                return
            except Unreadable as error:
                fault = Fault("", error.reason, error.text)
                yield Record(number, lines.offset, lines.line, {}, fault, lines.raw(begin, lines.offset))


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable("not_json", "is not a JSON object") from error
    if not isinstance(found, dict):
        raise Unreadable("not_json", "is not a JSON object")
    values = {name: value for name, value in found.items() if not name.startswith(REJECTED_PREFIX)}
    unknown = sorted(values.keys() - set(drafts.COLUMNS))
    if unknown:
        raise Unreadable("unknown_column", f"holds unknown keys: {', '.join(unknown)[:100]}")
    return values


class CsvFile:
    """CSV with a header (RFC 4180); separated by commas, semicolons or tabs, as the header shows."""

    def __init__(self, lines: Lines) -> None:
        """Read and check the header."""
        self._lines = lines
        try:
            header = next(lines, "")
        except Unreadable as error:
            raise InvalidInput(f"line 1 {error.text}", code=error.reason, field="header") from error
        self._delimiter = max(_DELIMITERS, key=header.count)
        self.header = tuple(name.strip() for name in next(csv.reader([header], delimiter=self._delimiter), []))
        self.columns = tuple(name for name in self.header if not name.startswith(REJECTED_PREFIX))
        _check_header(self.columns)
        self._width = len(self.header)
        self._all_ours = self.columns == self.header
        self.start = (lines.offset, lines.line)

    def records(self, offset: int, line: int) -> Iterator[Record]:
        """Yield records from a place at which one begins."""
        lines = self._lines
        lines.move(offset, line)
        reader = self._reader()
        while True:
            begin, number = lines.offset, lines.line + 1
            lines.begin_record()
            try:
                row = next(reader)
                if not row:
                    continue
                yield Record(number, lines.offset, lines.line, self._values(row))
            except StopIteration:
                return
            except (Unreadable, csv.Error) as error:
                self._resume_below(begin, number)
                reader = self._reader()
                yield Record(number, lines.offset, lines.line, {}, _fault(error), lines.raw(begin, lines.offset))

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._lines, delimiter=self._delimiter, strict=True)

    def _values(self, row: list[str]) -> Mapping[str, Any]:
        if len(row) != self._width:
            raise Unreadable("wrong_columns", f"has {len(row)} columns, the header has {self._width}")
        values = dict(zip(self.header, row, strict=True))
        return values if self._all_ours else {name: values[name] for name in self.columns}

    def _resume_below(self, begin: int, number: int) -> None:
        """Go to the line below the one at which an unreadable record began."""
        if self._lines.line > number:
            self._lines.move(begin, number - 1)
            try:
                next(self._lines)
            except Unreadable:
                # It has been passed over; that is all that is wanted here.
                return


def _fault(error: Unreadable | csv.Error) -> Fault:
    if isinstance(error, Unreadable):
        return Fault("", error.reason, error.text)
    return Fault("", "malformed_csv", "is not well-formed CSV: look for a quote that is not closed or not doubled")


def _check_header(columns: tuple[str, ...]) -> None:
    if len(set(columns)) != len(columns):
        raise InvalidInput("names a column twice", code="duplicate_column", field="header")
    unknown = [name for name in columns if name not in drafts.COLUMNS]
    if unknown:
        reason = f"holds unknown columns: {', '.join(unknown)[:200]}; known are {', '.join(drafts.COLUMNS)}"
        raise InvalidInput(reason, code="unknown_column", field="header")
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise InvalidInput(f"lacks the columns {', '.join(missing)}", code="missing_column", field="header")
