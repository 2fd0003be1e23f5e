"""Acts that a second person lets happen: who may, asked again when it is done, and how it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.delegation import Actor, Decision

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parties:
    """Who asked and who approved, as principals; ``asked`` is the requester's actor with the rights of this moment."""

    requester: Actor
    approver: str
    reason: str


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the table of acts that wait. ``decide`` answers for anybody: requester and second person are both asked by it.

    It raises ``NotFound`` where the thing is gone. ``carry_out`` raises what the service raises. ``shown`` takes the arguments and who looks (a
    principal), records the look and returns them as who may decide reads them, for an act that keeps some of them sealed.
    """

    decide: Callable[[Actor, Arguments], Decision]
    carry_out: Callable[[Arguments, Parties], None]
    shown: Callable[[Arguments, str], Arguments] | None = None
