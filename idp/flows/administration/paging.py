"""Lists a page at a time: in a stable order, after the last row that the caller has seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from idp.errors import InvalidInput
from keys import base64url

T = TypeVar("T")
MOST: Final = 200
USUAL: Final = 50
_LONGEST: Final = 400
_LONGEST_PLACE: Final = 8
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor that leads on; "" at the end."""

    rows: Sequence[T]
    following: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are wanted: at most ``limit`` after the key ``after`` ("" for the first ones)."""

    after: str = ""
    limit: int = USUAL


def window(cursor: str = "", limit: int = USUAL) -> Window:
    """Return what a caller asks for; raises ``InvalidInput``. A cursor is opaque, and no secret: what may be seen is asked for each row."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"must be 1 to {MOST}", field="limit")
    if len(cursor) > _LONGEST or not _CURSOR.fullmatch(cursor):
        raise InvalidInput("is no cursor of ours", field="cursor")
    try:
        after = base64url.decode(cursor.encode()).decode() if cursor else ""
    except ValueError as error:
        raise InvalidInput("is no cursor of ours", field="cursor") from error
    if "\0" in after:
        raise InvalidInput("is no cursor of ours", field="cursor")
    return Window(after, limit)


def page(rows: Sequence[T], keys: Sequence[str], limit: int) -> Page[T]:
    """Return the first ``limit`` of the rows that were found, one more than which tells that there are others."""
    if len(rows) <= limit:
        return Page(tuple(rows))
    return Page(tuple(rows[:limit]), cursor_after(keys[limit - 1]))


def place_page(rows: Sequence[T], window: Window) -> Page[T]:
    """Return a page of rows that all stand in memory; their place is the key. A key that is none begins at the first."""
    after = window.after
    first = int(after) if after.isascii() and after.isdigit() and len(after) <= _LONGEST_PLACE else 0
    wanted = rows[first : first + window.limit + 1]
    return page(wanted, [str(first + place + 1) for place in range(len(wanted))], window.limit)


def cursor_after(key: str) -> str:
    """Return the cursor that leads on after a key."""
    return base64url.encode_text(key.encode())


def key_of(after: str) -> tuple[int, str] | None:
    """Return the moment and the id of a key ``<moment>.<id>``, None for the first page; raises ``InvalidInput``."""
    if not after:
        return None
    at, _, name = after.partition(".")
    if not at.isascii() or not at.isdigit() or len(at) > len(str(2**53)) or not name:
        raise InvalidInput("is no cursor of ours", field="cursor")
    return int(at), name
