"""Physical lines of a file with exact byte offsets, in bounded memory."""

from __future__ import annotations

from typing import BinaryIO, Final

from idp.services.account_import.records import Unreadable

LONGEST: Final = 256 * 1024
"""Bytes of one line, and of one record of several lines. A quote that is never closed must not swallow the file."""


class Lines:
    """An iterator over decoded lines that knows where it stands: ``offset`` in bytes, ``line`` lines read so far."""

    def __init__(self, file: BinaryIO) -> None:
        """Take a file that is open for reading and can seek."""
        self._file = file
        self.offset = 0
        self.line = 0
        self._mark = 0

    def __iter__(self) -> Lines:
        """Return itself."""
        return self

    def __next__(self) -> str:
        """Return the next line with its end; raises ``Unreadable`` for one that is too long or not UTF-8."""
        data = self._file.readline(LONGEST)
        if not data:
            raise StopIteration
        self.offset += len(data)
        self.line += 1
        if len(data) == LONGEST and not data.endswith(b"\n"):
            self._skip_rest()
            raise Unreadable("line_too_long", "is longer than 256 KiB")
        if self.offset - self._mark > LONGEST:
            raise Unreadable("record_too_long", "goes on for more than 256 KiB: is a quote not closed?")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Unreadable("not_utf8", "is not UTF-8: save the file as UTF-8") from error

    def begin_record(self) -> None:
        """Note that a record begins here, from where its length counts."""
        self._mark = self.offset

    def move(self, offset: int, line: int) -> None:
        """Go to a place at which a line begins."""
        self._file.seek(offset)
        self.offset, self.line, self._mark = offset, line, offset

    def raw(self, start: int, end: int) -> str:
        """Return what stands between two offsets, for showing it; the place of reading does not move."""
        self._file.seek(start)
        data = self._file.read(min(end - start, LONGEST))
        self._file.seek(self.offset)
        return data.decode(errors="replace").rstrip("\r\n")

    def _skip_rest(self) -> None:
        while (more := self._file.readline(LONGEST)) and not more.endswith(b"\n"):
            self.offset += len(more)
        self.offset += len(more)
