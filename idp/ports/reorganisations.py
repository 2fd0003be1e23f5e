"""Where reorganisations of units are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from idp.model.audit import AuditRecord
from policies.units import Changes, Difference


class ReorganisationState(StrEnum):
    """``PLANNED`` until its day, then ``IN_FORCE``; ``UNDONE`` if it was taken back before."""

    PLANNED = "planned"
    IN_FORCE = "in_force"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """A document of events that was put into the register.

    ``effective`` and ``complete`` are the ISO dates of its first and its last event; ``made`` is what it changed; ``settled_at`` the
    moment (epoch seconds) from which on what moved is in the audit log.
    """

    id: str
    effective: str
    complete: str
    source: str
    state: ReorganisationState
    made: Difference
    created_at: int
    settled_at: int | None = None


class ReorganisationStore(Protocol):
    """Each change comes with its audit records, in one transaction."""

    def add(self, entry: Reorganisation, todo: Changes, version: int, record: AuditRecord) -> None:
        """Write the register's changes and the entry; raises ``Conflict`` if the register is not at ``version`` any more."""
        ...

    def undo(self, entry: Reorganisation, todo: Changes, version: int, record: AuditRecord) -> None:
        """Write the register's changes and the state; raises ``Conflict`` like ``add``, and if the entry is not planned any more."""
        ...

    def settle(self, entry: Reorganisation, moment: int, records: Sequence[AuditRecord]) -> bool:
        """Note that the entry is in force and write the records; of many callers one gets True."""
        ...

    def find(self, entry_id: str) -> Reorganisation | None:
        """Return one."""
        ...

    def all(self) -> list[Reorganisation]:
        """Return every reorganisation, newest first."""
        ...
