"""The file of rejected rows, beside the imported one: each row as it was, with its line, column, reason and the fix.

It holds personal data as the imported file does, so only its owner may read it (0600). Its length belongs to the
checkpoint: what a killed run wrote beyond it is cut off when the import goes on.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from idp.errors import InvalidInput, Refused
from idp.services.account_import.reading import REJECTED_PREFIX
from idp.services.account_import.records import Fault, Record

_OWNER_ONLY: Final = 0o600
_OWN_COLUMNS: Final = tuple(f"{REJECTED_PREFIX}{name}" for name in ("line", "column", "reason", "text", "row"))


def rejects_path(path: Path) -> Path:
    """Return where the rejected rows of a file go."""
    return path.with_name(f"{path.name}.rejected.csv")


class RejectFile:
    """Appends rejected rows. The file exists only once a row was rejected."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        """Take the path and the columns of the imported file."""
        self.path = path
        self._columns = columns

    def cut(self, length: int) -> None:
        """Bring the file to the length that the checkpoint knows; raises ``Refused`` when rows are missing from it."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < length:
            reason = (
                f"{self.path} has {size} bytes, but {length} were written: put it back, rejected rows are only there"
            )
            raise Refused(reason, code="rejects_missing", field="file")
        if length == 0:
            self.path.unlink(missing_ok=True)
        elif size > length:
            os.truncate(self.path, length)

    def append(self, at: int, rows: Sequence[tuple[Record, Fault]]) -> int:
        """Write rows at an offset, cut the file behind them, and return the new length once it is on disk."""
        if not rows:
            return at
        text = io.StringIO()
        writer = csv.writer(text)
        if at == 0:
            writer.writerow((*_OWN_COLUMNS, *self._columns))
        for record, fault in rows:
            shown = (record.line, fault.column, fault.reason, fault.text, record.raw)
            writer.writerow((*shown, *(_cell(record.values.get(name)) for name in self._columns)))
        data = text.getvalue().encode("utf-8", "surrogatepass")
        with os.fdopen(self._open(), "r+b") as file:
            file.seek(at)
            file.truncate()
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if at == 0:
            self._sync_directory()
        return at + len(data)

    def _open(self) -> int:
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _OWNER_ONLY)
            os.fchmod(handle, _OWNER_ONLY)
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be written: {error.strerror}", field="file") from error
        return handle

    def _sync_directory(self) -> None:
        # The name has to outlive a power cut as the rows do.
        handle = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
