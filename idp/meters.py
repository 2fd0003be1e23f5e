"""What a worker process counts, in memory that the process of the metrics can read: answers by endpoint and outcome, their durations, a few states.

Each worker has a file of its own in a directory that ``idp serve`` makes (on a memory file system where there is one), mapped into memory: to
count is two additions to machine words, without a lock, a system call or an object that stays. Counts of a worker that has ended still count.

Labels come from our own routes and from the operator's settings, never from a request: no path, no client, no person.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OUTCOMES: Final = ("done", "redirected", "refused", "throttled", "failed")
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds of the histogram, in seconds."""

OTHER: Final = "other"
"""The endpoint of what is none of ours."""

_WIDTH: Final = len(BOUNDS) + 2
"""Cells of one endpoint and outcome: a count for each bucket, one for what took longer, and the sum in microseconds."""
_NANOSECONDS: Final = tuple(int(bound * 1e9) for bound in BOUNDS)
_HEAD: Final = 2
"""Cells before the counts: what the layout is, and when the worker last wrote its states (epoch seconds)."""
_CELL: Final = 8
_SUFFIX: Final = ".cells"
_FRESH: Final = 10
"""Seconds after which the states of a worker that wrote none since are those of one that has ended."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the cells mean: ``endpoints`` are first parts of addresses, ``OTHER`` the last; ``states`` are names. The same in every process."""

    endpoints: tuple[str, ...]
    states: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return how many cells there are."""
        return _HEAD + len(self.endpoints) * len(OUTCOMES) * _WIDTH + len(self.states)

    @property
    def digest(self) -> int:
        """Return a number for the meaning of the cells, so that a file of another release or of other settings is not misread."""
        words = "\n".join((*self.endpoints, "", *OUTCOMES, "", *map(str, BOUNDS), "", *self.states))
        return int.from_bytes(hashlib.sha256(words.encode()).digest()[:7], "big")


def layout_of(addresses: Iterable[str], states: Sequence[str]) -> Layout:
    """Return the layout over these addresses (rules of routes), each by its first part."""
    words = {first for address in addresses if (first := address.split("/")[1])}
    return Layout((*sorted(words - {OTHER}), OTHER), tuple(states))


class Meter:
    """Counts for one process."""

    __slots__ = ("_cells", "_memory", "_other", "_rows", "_states")

    def __init__(self, file: Path, layout: Layout) -> None:
        """Make the file; nobody but its owner may read it."""
        size = layout.size
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(descriptor, size * _CELL)
            self._memory = mmap.mmap(descriptor, size * _CELL)
        finally:
            os.close(descriptor)
        self._cells = memoryview(self._memory).cast("Q")
        self._cells[0] = layout.digest
        self._states = size - len(layout.states)
        # The addresses of machines are whole words of the table, so that one look-up finds most of them.
        self._rows = {f"/{name}": index * len(OUTCOMES) for index, name in enumerate(layout.endpoints)}
        self._other = self._rows[f"/{OTHER}"]

    def count(self, path: str, status: int, nanoseconds: int) -> None:
        """Count one answer: its request's path, its status, how long it took."""
        row = self._rows.get(path)
        if row is None:
            row = self._rows.get("/" + path.split("/", 2)[1] if path.startswith("/") else "", self._other)
        at = _HEAD + (row + _outcome(status)) * _WIDTH
        cells = self._cells
        cells[at + bisect_left(_NANOSECONDS, nanoseconds)] += 1
        cells[at + _WIDTH - 1] += nanoseconds // 1000

    def show(self, values: Sequence[int], now: int) -> None:
        """Write the states in their order; ``now`` is epoch seconds."""
        for position, value in enumerate(values, self._states):
            self._cells[position] = value
        self._cells[1] = now


class Reading:
    """The sum over all workers of a directory at one moment.

    ``counts[endpoint][outcome]`` are the cells of a histogram: a count for each of ``BOUNDS``, one beyond, the sum in microseconds;
    ``states`` are added up over the ``workers`` that run.
    """

    def __init__(self, directory: Path, layout: Layout, now: int) -> None:
        """Read every file of this layout; one that a worker is just making counts the next time. ``now`` is epoch seconds."""
        self.workers = 0
        total, live, first = [0] * layout.size, [0] * len(layout.states), layout.size - len(layout.states)
        for file in sorted(directory.glob(f"*{_SUFFIX}")):
            raw = file.read_bytes()
            if len(raw) != layout.size * _CELL:
                continue
            cells = memoryview(raw).cast("Q")
            if cells[0] != layout.digest:
                continue
            total = [one + other for one, other in zip(total, cells, strict=True)]
            if now - cells[1] <= _FRESH:
                self.workers += 1
                live = [one + other for one, other in zip(live, cells[first:], strict=True)]
        self.states: Mapping[str, int] = dict(zip(layout.states, live, strict=True))
        self.counts: Mapping[str, Mapping[str, Sequence[int]]] = {
            endpoint: {
                outcome: total[_HEAD + (row * len(OUTCOMES) + column) * _WIDTH :][:_WIDTH]
                for column, outcome in enumerate(OUTCOMES)
            }
            for row, endpoint in enumerate(layout.endpoints)
        }


def file_in(directory: Path) -> Path:
    """Return a new file's name for this process."""
    return directory / f"{os.getpid()}-{os.urandom(4).hex()}{_SUFFIX}"


def _outcome(status: int) -> int:
    if status < 400:  # noqa: PLR2004 - the first of the refusals
        return 0 if status < 300 else 1  # noqa: PLR2004 - the first of the redirects
    if status >= 500:  # noqa: PLR2004 - the first of our own failures
        return 4
    return 3 if status == 429 else 2  # noqa: PLR2004 - Too Many Requests
