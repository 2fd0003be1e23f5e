"""Reads records that were moved out of the database: for whoever must know what happened, however long ago."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from idp.ports.audit_segments import Segment
from idp.services.audit import PERSONAL, PUBLIC

_PAGE: Final = 1_000
_SLACK_US: Final = 600 * 1_000_000
"""Records are numbered as they are written, which is not quite the order of their moments."""


class ArchivedRecords:
    """The archives of one log; what was erased in them stays erased."""

    def __init__(self, segments: Callable[[], Sequence[Segment]], directory: Path) -> None:
        """Take what lists the segments in order, and where their files lie."""
        self._segments = segments
        self._directory = directory

    def last(self) -> int:
        """Return the number of the last record that lies in an archive, 0 for none."""
        return max((one.last for one in self._segments()), default=0)

    def pages(self, since_us: int, until_us: int, numbers: range) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the records of segments that begin with one of ``numbers`` and may hold moments of a range, a page at a time.

        Who was erased is in none.
        """
        for segment in self._touched(since_us, until_us):
            if segment.first in numbers and self._is_whole(segment):
                yield from self._records(segment)

    def unread(self, since_us: int, until_us: int) -> int:
        """Return how many segments of a range cannot be read: their time was over and the file is gone, or it is missing or was changed."""
        return sum(not self._is_whole(segment) for segment in self._touched(since_us, until_us))

    def _touched(self, since_us: int, until_us: int) -> Iterator[Segment]:
        newest = 0
        for segment in self._segments():
            if segment.newest_us >= since_us - _SLACK_US and newest <= until_us + _SLACK_US:
                yield segment
            newest = segment.newest_us

    def _is_whole(self, segment: Segment) -> bool:
        path = self._directory / segment.file
        if segment.removed_at is not None or not path.is_file():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == segment.digest

    def _records(self, segment: Segment) -> Iterator[list[Mapping[str, Any]]]:
        page: list[Mapping[str, Any]] = []
        with gzip.open(self._directory / segment.file, "rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                if "personal" not in record or "seq" not in record:
                    continue
                public = dict(zip(PUBLIC, orjson.loads(record["public"]), strict=True))
                personal = dict(zip(PERSONAL, orjson.loads(record["personal"]), strict=True))
                page.append({"seq": record["seq"], **public, **personal})
                if len(page) >= _PAGE:
                    yield page
                    page = []
        yield page
