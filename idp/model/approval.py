"""An administrative act that waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SEALED: Final = frozenset({"evidence"})
"""Arguments that are kept sealed: opened for whoever looks at the one approval, which is recorded, and left out wherever several are told of."""


@dataclass(frozen=True, slots=True)
class Approval:
    """``act`` names what will be done and ``arguments`` with what; ``action`` is the right that it takes, ``target`` what it is done to.

    ``requester`` and ``decided_by`` are principals. ``state`` is ``pending``, ``approved`` (claimed, and being carried out), ``done``, ``failed`` or
    ``rejected``; one that is read after its time as ``pending`` is ``expired``. ``outcome`` says why it failed.
    """

    id: str
    act: str
    action: str
    target: str
    arguments: Mapping[str, Any]
    requester: str
    reason: str
    created_at: int
    expires_at: int
    state: str = "pending"
    decided_by: str = ""
    decided_at: int | None = None
    outcome: str = ""

    @property
    def open_arguments(self) -> Mapping[str, Any]:
        """Return the arguments without those that are sealed."""
        return {name: value for name, value in self.arguments.items() if name not in SEALED}
