"""Files of the audit log's bundles: JSON lines, compressed where the name says so."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

_MAX_LINE: Final = 16 * 1024 * 1024


@contextmanager
def opened_to_write(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write; one that ends in .gz is compressed, `-` is stdout. Only its owner can read what is written."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        if path.suffix != ".gz":
            yield file
            return
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            yield cast("IO[bytes]", packed)


@contextmanager
def bundle_lines(path: Path) -> Iterator[Iterator[bytes]]:
    """Open a bundle to read, compressed or not, a bounded line at a time."""
    with path.open("rb") as file:
        is_packed = file.peek(2)[:2] == b"\x1f\x8b"
        source = cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb")) if is_packed else file
        yield iter(lambda: source.readline(_MAX_LINE), b"")
