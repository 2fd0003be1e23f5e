"""Where the members of our part of a federation are kept: who is subordinate to whom here, and the trust marks that we issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class Subordinate:
    """An entity that one of ours vouches for.

    ``superior`` is the code of the unit that vouches, "" for the province. ``jwks`` are the entity's federation keys, given to us by its operator
    and not fetched. ``metadata`` is laid over the entity's own; ``metadata_policy`` and ``constraints`` narrow what it and all below it may be.
    """

    superior: str
    entity_id: str
    jwks: Mapping[str, Any]
    entity_types: tuple[str, ...]
    created_at: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    metadata_policy: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssuedMark:
    """A trust mark that the province issued to ``subject``; moments are epoch seconds."""

    id: str
    mark_type: str
    subject: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None

    def is_active(self, now: int) -> bool:
        """Tell whether the mark counts."""
        return self.revoked_at is None and now < self.expires_at


class FederationStore(Protocol):
    """Subordinates and issued marks; every change comes with its audit record, in one transaction."""

    def subordinates(self, superior: str) -> list[Subordinate]:
        """Return whom a unit ("" for the province) vouches for, by entity identifier."""
        ...

    def subordinate(self, superior: str, entity_id: str) -> Subordinate | None:
        """Return one of them."""
        ...

    def of_units(self) -> list[Subordinate]:
        """Return whom units vouch for, under the codes that they had when they began to."""
        ...

    def put(self, subordinate: Subordinate, record: AuditRecord) -> None:
        """Add or replace."""
        ...

    def drop(self, superior: str, entity_id: str, record: AuditRecord) -> bool:
        """Remove; tell whether there was one (nothing is recorded otherwise)."""
        ...

    def issue(self, mark: IssuedMark, record: AuditRecord) -> None:
        """Keep a mark."""
        ...

    def mark(self, mark_id: str) -> IssuedMark | None:
        """Return a mark by its id, ended ones too."""
        ...

    def marks(self, mark_type: str | None = None, subject: str | None = None) -> list[IssuedMark]:
        """Return marks, newest first, ended ones too."""
        ...

    def revoke(self, mark_id: str, now: int, record: AuditRecord) -> bool:
        """End a mark for good; tell whether it was in force until now (nothing is recorded otherwise)."""
        ...
