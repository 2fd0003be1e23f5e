"""Lists as files for spreadsheets: every row that the filters leave, a page at a time, so that no list is ever held whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from idp.endpoints.admin.frame import Visit
from idp.flows.administration.paging import MOST, Page, Window, window
from idp.protocol.wire import StreamedResponse

T = TypeVar("T")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; the wide forms too, which some take for the narrow ones."""
_INNER: Final = re.compile("([;\t\r\n][\"' ]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula would begin for a spreadsheet that parts cells at semicolons or tabs: one set to Vietnamese does."""
_MARK: Final = "\ufeff".encode()
"""By which spreadsheets know UTF-8."""


@dataclass(frozen=True, slots=True)
class Sheet(Generic[T]):
    """How a list is exported: ``name`` of the file and of the record, the heads of the columns, and a row's values."""

    name: str
    heads: Sequence[str]
    values: Callable[[T], Sequence[object]]


def streamed(sheet: Sheet[T], find: Callable[[Visit, Window], Page[T]], visit: Visit) -> StreamedResponse:
    """Return the whole list as CSV. The first page is read here, so what is refused or wrong is answered as such, not as a broken file."""
    found = find(visit, Window("", MOST))

    def pieces() -> Iterator[bytes]:
        page = found
        yield _MARK + _lines([sheet.heads])
        while True:
            yield _lines([sheet.values(row) for row in page.rows])
            if not page.following:
                return
            page = find(visit, replace(window(page.following), limit=MOST))

    headers = (
        ("Content-Type", "text/csv; charset=utf-8"),
        ("Content-Disposition", f'attachment; filename="{sheet.name}.csv"'),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return StreamedResponse(200, headers, chunks=pieces())


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([[_plain(value) for value in row] for row in rows])
    return out.getvalue().encode()


def _plain(value: object) -> str:
    """Return a value in which no spreadsheet sees a formula."""
    text = "" if value is None else str(value)
    text = _INNER.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_FORMULA) else text
