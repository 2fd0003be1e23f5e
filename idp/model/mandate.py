"""A mandate: one account acts for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.mandates import Held, Terms


@dataclass(frozen=True, slots=True)
class Mandate:
    """A stored mandate. Moments are epoch seconds; ``valid_to`` is the first moment in which it counts no more.

    ``principal_id`` is acted for, ``actor_id`` acts. ``evidence`` is sealed. ``granted_by`` is who gave it, as the audit log names an actor.
    ``parent_id`` is the mandate that it was passed on from and ``root_id`` the first of that chain, both "" for one that an office gave.
    ``client_id`` and ``session_id`` bind a clerk's assistance to one department's system and one session.
    """

    id: str
    kind: str
    principal_id: str
    actor_id: str
    procedures: tuple[str, ...]
    unit_code: str
    valid_from: int
    valid_to: int
    may_delegate: bool
    depth: int
    state: str
    evidence_kind: str
    evidence: bytes
    granted_by: str
    created_at: int
    parent_id: str = ""
    root_id: str = ""
    client_id: str = ""
    session_id: str = ""
    answered_at: int | None = None
    ended_at: int | None = None
    end_reason: str | None = None

    @property
    def terms(self) -> Terms:
        """Return how far it reaches."""
        return Terms(frozenset(self.procedures), self.unit_code, self.valid_from, self.valid_to, self.may_delegate)

    @property
    def held(self) -> Held:
        """Return the mandate as the policy reads it."""
        return Held(self.id, self.kind, self.principal_id, self.actor_id, self.terms, self.state, self.depth)


@dataclass(frozen=True, slots=True)
class Acting:
    """What tokens say of a mandate, and the moment that they must not outlive.

    ``claims`` go into every token: who is meant, and how far. ``released`` is the same with what names the principal, for whoever may know it.
    """

    mandate_id: str
    until: int
    capacity: str
    claims: Mapping[str, Any] = field(default_factory=dict)
    released: Mapping[str, Any] = field(default_factory=dict)
