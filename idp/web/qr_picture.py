"""QR codes as the two numbers of an SVG picture: no markup, no style, so that templates and the content policy stay in charge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

import segno

_QUIET: Final = 4
"""The quiet zone that readers need, in modules (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A square of ``size`` modules, and the path that is dark in it."""

    size: int
    path: str


def picture(text: str) -> Picture:
    """Return the picture of a text, readable with 15 percent of it spoilt."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    rows = [list(row) for row in code.matrix_iter(border=_QUIET)]
    return Picture(len(rows), "".join(_runs(number, row) for number, row in enumerate(rows)))


def _runs(number: int, row: list[int]) -> str:
    """Return one row's dark runs as rectangles."""
    parts, place = [], 0
    for is_dark, modules in groupby(row, bool):
        length = len(list(modules))
        if is_dark:
            parts.append(f"M{place} {number}h{length}v1h-{length}z")
        place += length
    return "".join(parts)
