"""Where grants of administration are kept, and acts that wait for a second person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.approval import Approval
from idp.model.audit import AuditRecord
from policies.delegation import AdminGrant


@dataclass(frozen=True, slots=True)
class GrantQuery:
    """Grants by principal and role, in order of id after ``after``; revoked ones only if ``ended``."""

    principal: str = ""
    role: str = ""
    after: str = ""
    limit: int = 100
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Revocation:
    """One grant to take away, with its audit record."""

    grant_id: str
    record: AuditRecord


class AdminStore(Protocol):
    """Grants in SQL. ``needs`` are ids of grants on which the act rests: each must count at the moment of the write.

    Raises ``Refused`` with the code ``right_lost`` where one of them does not, and writes nothing.
    """

    def of_principal(self, principal: str) -> tuple[AdminGrant, ...]:
        """Return the grants of a principal that were not revoked, oldest first."""
        ...

    def everything(self) -> tuple[AdminGrant, ...]:
        """Return every grant that was ever made, oldest first."""
        ...

    def get(self, grant_id: str) -> AdminGrant | None:
        """Return one grant, revoked or not."""
        ...

    def search(self, query: GrantQuery) -> list[AdminGrant]:
        """Return grants in order of id, at most ``limit``."""
        ...

    def add(self, grant: AdminGrant, needs: Sequence[str], record: AuditRecord) -> None:
        """Insert a grant with its audit record; raises ``Conflict`` where the principal has the role over that unit already."""
        ...

    def revoke(self, which: Sequence[Revocation], needs: Sequence[str], *, now: int, by: str, reason: str) -> int:
        """Take grants away, each with its record, in one transaction; returns how many had not been revoked before."""
        ...


class ApprovalStore(Protocol):
    """Approvals in SQL. Of many decisions about one, one counts."""

    def add(self, approval: Approval, record: AuditRecord) -> None:
        """Insert one that waits."""
        ...

    def get(self, approval_id: str) -> Approval | None:
        """Return one."""
        ...

    def search(self, states: Sequence[str], after: str, limit: int) -> list[Approval]:
        """Return those in a state, newest first, older than ``after`` ("" for the newest)."""
        ...

    def pending(self, act: str, target: str, requester: str, now: int) -> list[Approval]:
        """Return what a requester has asked to be done to a target that waits and has not run out."""
        ...

    def decide(self, approval_id: str, state: str, by: str, now: int, record: AuditRecord) -> bool:
        """Claim one that waits and has not run out, as ``approved`` or ``rejected``; False when another was first, or it is too late."""
        ...

    def settle(self, approval_id: str, state: str, outcome: str, record: AuditRecord) -> bool:
        """Note how a claimed one ended: ``done`` or ``failed``."""
        ...
