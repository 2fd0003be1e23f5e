"""Lists that leave the console as files: who took which one is recorded. What of a list somebody may see, its own use case says, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.flows.administration.administrator import Administrator
from idp.flows.administration.gate import Gate

_TYPED: Final = frozenset({"q"})
"""Filters that hold what somebody typed, which may be anybody's name or code: that they were set is recorded, not what they say."""


class Exports:
    """Records exports."""

    def __init__(self, gate: Gate) -> None:
        """Take the gate, which writes down what was named as it may stand in a log."""
        self._gate = gate

    def note(self, who: Administrator, name: str, filters: Mapping[str, str]) -> None:
        """Record that somebody took a list, with the filters by which it was cut."""
        shown = {key: "*" if key in _TYPED else value for key, value in filters.items()}
        self._gate.note_export(who, name, shown)
