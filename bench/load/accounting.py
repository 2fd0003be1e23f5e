"""CPU time and memory of whole process trees, out of /proc.

The CPU time of a tree is user plus system time of every living process in it, plus the time of children that were
reaped meanwhile (`cutime`, `cstime`): a worker or a PostgreSQL back end that ends does not take its cost with it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class _Row:
    pid: int
    parent: int
    name: str
    ticks: int


def _rows() -> dict[int, _Row]:
    rows = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        # The name may hold spaces and brackets; the fields after it start behind the last bracket.
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        rows[int(entry.name)] = _Row(int(entry.name), int(fields[1]), name, sum(map(int, fields[11:15])))
    return rows


def tree(root: int) -> list[int]:
    """Return the process ids of `root` and all its living descendants."""
    return [row.pid for row in _tree(root, _rows())]


def _tree(root: int, rows: dict[int, _Row]) -> list[_Row]:
    children: dict[int, list[_Row]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row)
    found, todo = [], [rows[root]] if root in rows else []
    while todo:
        row = todo.pop()
        found.append(row)
        todo += children.get(row.pid, [])
    return found


def cpu_seconds(roots: dict[str, int]) -> dict[str, float]:
    """Return CPU seconds so far of each named tree; the ids are those of the tree's first process."""
    rows = _rows()
    return {name: sum(row.ticks for row in _tree(root, rows)) / _TICK for name, root in roots.items()}


def rss_mib(root: int) -> list[tuple[int, float]]:
    """Return (process id, resident MiB) of every process in a tree, the largest first."""
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = []
    for pid in tree(root):
        try:
            resident = int((_PROC / str(pid) / "statm").read_text().split()[1])
        except OSError:
            continue
        sizes.append((pid, resident * page / 2**20))
    return sorted(sizes, key=lambda item: -item[1])


def settle(roots: dict[str, int], *, quiet: float = 0.05, limit: float = 10.0) -> float:
    """Wait until the trees together use less than `quiet` cores, at most `limit` seconds; return the wait.

    Work that a server puts off until after its answer (a sequencer, a vacuum, a snapshot) so counts too.
    """
    started = time.monotonic()
    last = sum(cpu_seconds(roots).values())
    while time.monotonic() - started < limit:
        time.sleep(0.5)
        now = sum(cpu_seconds(roots).values())
        if now - last <= quiet * 0.5:
            break
        last = now
    return time.monotonic() - started
