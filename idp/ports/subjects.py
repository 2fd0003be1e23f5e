"""Where subjects are kept."""

from __future__ import annotations

from typing import Protocol


class SubjectStore(Protocol):
    """Stored subjects; one is current for an account and a sector, aliases of merged accounts stay answerable."""

    def fix(self, account_id: str, sector_id: str, sub: str, now: int) -> str:
        """Store ``sub`` as the current subject unless there is one, and return the one that stands."""
        ...

    def known(self, account_id: str, sector_id: str) -> str | None:
        """Return the current subject if there is one; None where the sector has never heard of the account."""
        ...

    def aliases(self, account_id: str, sector_id: str) -> list[str]:
        """Return the subjects that are no longer current, oldest first."""
        ...

    def account_of(self, sub: str) -> str | None:
        """Return the account behind a subject."""
        ...
