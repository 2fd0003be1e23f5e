"""What an import of accounts needs from the database.

Where it stands, what is taken, and a batch in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.ports.accounts import NewAccount


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the import of one file stands. The file is known by the SHA-256 of its content, not by its name.

    ``byte_offset`` and ``line`` are where reading goes on; ``reject_offset`` is how much of the file of rejected rows
    counts.
    """

    digest: str
    byte_offset: int
    line: int
    landed: int
    rejected: int
    reject_offset: int
    started_at: int
    finished_at: int | None = None


class Seen(Protocol):
    """What a dry run has read so far, outside the process's memory and outside the database."""

    def claim(self, keys: Sequence[bytes]) -> int | None:
        """Return the position of the first key that was claimed before.

        None when there is none, and then all are claimed.
        """
        ...


class ImportStore(Protocol):
    """Batches of accounts in SQL."""

    def exclusive(self) -> AbstractContextManager[bool]:
        """Hold the lock of imports for the block; yields False when another process holds it.

        A killed holder frees it.
        """
        ...

    def checkpoint(self, digest: str) -> Checkpoint | None:
        """Return where the import of a file stands, None before its first batch."""
        ...

    def taken(self, lookups: Sequence[bytes], external_ids: Sequence[str]) -> tuple[set[bytes], set[str]]:
        """Return which codes and external ids belong to an account already."""
        ...

    def land(
        self, new: Sequence[NewAccount], before: Checkpoint | None, after: Checkpoint, record: AuditRecord
    ) -> bool:
        """Insert a batch and move the checkpoint in one transaction.

        Raises ``Conflict`` when a code was taken meanwhile.

        False, and nothing done, when the checkpoint is not ``before`` any more.
        """
        ...

    def scratch(self) -> AbstractContextManager[Seen]:
        """Open the memory of a dry run; it vanishes with the block, and with the process."""
        ...
