"""One record of the file, read or unreadable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Unreadable(Exception):
    """A record cannot be read: ``reason`` (a stable id) and ``text`` (for the operator)."""

    def __init__(self, reason: str, text: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.reason = reason
        self.text = text


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is rejected.

    The column at fault (empty for the row as a whole), the reason id, and the text with the fix.
    """

    column: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the number of its first line, where the next one begins, and its values or its fault.

    ``raw`` is the text of a record that could not be read.
    """

    line: int
    next_offset: int
    next_line: int
    values: Mapping[str, Any]
    fault: Fault | None = None
    raw: str = ""
