"""A grant, who acts, what is acted on, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policies.delegation.roles import Role
from policies.units import UnitKey

TOP: Final = UnitKey("*", "")
"""Stands for the whole deployment where a unit is named: every unit, and everything that belongs to none. No unit of a register has this code."""


@dataclass(frozen=True, slots=True)
class AdminGrant:
    """One role for one principal over one unit and what is below it, from ``begins`` until ``ends`` (epoch seconds, None for ever).

    ``principal`` is ``account:<id>`` or ``client:<id>``. ``unit`` is the row of the register, code and day, or ``TOP``. ``approved_by`` is the
    second person where one was needed, "" else; ``granted_by`` may be ``operator:local``.
    """

    id: str
    principal: str
    role: Role
    unit: UnitKey
    begins: int
    ends: int | None
    granted_by: str
    granted_at: int
    approved_by: str = ""
    reason: str = ""
    revoked_at: int | None = None

    def is_live(self, now: int) -> bool:
        """Tell whether the grant counts now."""
        return self.revoked_at is None and self.begins <= now and (self.ends is None or now < self.ends)

    def lasts(self, begins: int, ends: int | None) -> bool:
        """Tell whether the grant counts through a whole period."""
        outlives = self.ends is None or (ends is not None and ends <= self.ends)
        return self.revoked_at is None and self.begins <= begins and outlives


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and the grants of theirs that are stored, live or not. ``is_person`` is False for a client that acts for itself."""

    principal: str
    grants: tuple[AdminGrant, ...] = ()
    is_person: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted on: the units that it belongs to today, each of which the actor has to reach.

    None at all is what belongs to the deployment, or to a unit that nobody knows any more: only a grant at the top reaches it. ``principal`` and
    ``held`` are set for an account that is itself an administrator's: its name and its grants.
    """

    units: tuple[UnitKey, ...] = ()
    principal: str = ""
    held: tuple[AdminGrant, ...] = ()


DEPLOYMENT: Final = Target()
"""The deployment itself: keys, settings, the register of units, the audit log as a whole."""


class Verdict(StrEnum):
    """The answer."""

    ALLOWED = "allowed"
    NEEDS_APPROVAL = "needs_approval"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with its reason id; ``by`` are the ids of the grants that it rests on."""

    verdict: Verdict
    reason: str
    by: tuple[str, ...] = ()

    @property
    def is_denied(self) -> bool:
        """Tell whether it must not be done, by however many."""
        return self.verdict is Verdict.DENIED


def denied(reason: str) -> Decision:
    """Return a refusal."""
    return Decision(Verdict.DENIED, reason)
