"""One rule between metadata fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """``field`` is blamed with ``reason`` and ``detail`` where ``is_broken``; ``reads`` are the fields it looks at."""

    field: str
    reason: str
    detail: str
    reads: tuple[str, ...]
    is_broken: Callable[[Values], bool]
