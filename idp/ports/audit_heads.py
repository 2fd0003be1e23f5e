"""Where signed heads of the audit log are kept, with the keys that sign them and the signatures of witnesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key of the log: ``sealed`` is the private part, None once it is retired."""

    kid: str
    alg: str
    document: str
    sealed: bytes | None
    created_at: int
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head as it was signed, and the signatures of witnesses over it: JSON texts."""

    size: int
    created_at: int
    document: str
    cosignatures: tuple[str, ...] = ()


class AuditHeadStore(Protocol):
    """Append-only but for the private part of a retired key."""

    def all_keys(self) -> Sequence[StoredKey]:
        """Return all keys, oldest first."""
        ...

    def add_key(self, key: StoredKey, record: AuditRecord, *, is_first: bool) -> bool:
        """Make ``key`` the live one of its algorithm and record it, in one transaction; unless ``is_first``, the one before is retired.

        Returns False, with nothing done, when another process was faster.
        """
        ...

    def add_head(self, head: StoredHead) -> bool:
        """Keep a head; returns False when there is one of this size already."""
        ...

    def head(self, size: int | None = None) -> StoredHead | None:
        """Return the head of this size, or the newest; None where there is none."""
        ...

    def heads(self, after: int, limit: int) -> Sequence[StoredHead]:
        """Return the heads with the next sizes above ``after``, in order."""
        ...

    def add_cosignature(self, kid: str, size: int, created_at: int, document: str) -> bool:
        """Keep a witness's signature over the head of this size; returns False when it is there already."""
        ...

    def cosigned(self) -> Mapping[str, int]:
        """Return by key the largest size that each witness has signed."""
        ...

    def thin_heads(self, before: int, every: int) -> int:
        """Drop heads made ``before`` this moment but the first of each ``every`` seconds; returns how many went."""
        ...
