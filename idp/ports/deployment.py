"""Facts of the deployment and the wrapped data keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored: wrapped by the master key. ``purpose`` is one of ``services.vault``'s names."""

    id: str
    purpose: str
    wrapped: bytes
    created_at: int
    retired_at: int | None = None


class DeploymentStore(Protocol):
    """Small facts, most of them written once."""

    def fact(self, name: str) -> str | None:
        """Return the fact or None."""
        ...

    def fix(self, name: str, value: str) -> str:
        """Set the fact if it is absent and return the one that stands, whoever set it."""
        ...

    def change(self, name: str, value: str) -> None:
        """Set the fact, whatever stood before."""
        ...

    def swap(self, name: str, old: str, new: str) -> bool:
        """Set the fact if it is ``old``; of several at once one gets True."""
        ...

    def data_keys(self) -> list[WrappedKey]:
        """Return all data keys, oldest first."""
        ...

    def add_data_key(self, key: WrappedKey) -> bool:
        """Add a data key unless its purpose has a live one already; tell whether it was added."""
        ...

    def rewrap(self, before: Sequence[WrappedKey], wrapped: Sequence[bytes], record: AuditRecord) -> bool:
        """Store each of all data keys as it is wrapped anew, recorded; False, and nothing is done, where they are not those any more."""
        ...
