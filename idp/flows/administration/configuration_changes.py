"""One line of the difference between a document and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference: ``add``, ``update``, ``remove``; for each field the value before and after."""

    act: str
    kind: str
    name: str
    fields: Mapping[str, tuple[object, object]] = field(default_factory=dict)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Return the fields that two documents differ in, with both values."""
    names = sorted(before.keys() | after.keys())
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
