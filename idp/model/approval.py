"""An administrative act that waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
