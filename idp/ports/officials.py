"""Where officials are kept: which entry of which directory is whose account, and who has which role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.ports.accounts import NewAccount


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One entry of one directory, known by its immutable ``link``, and the account that it is. Moments are epoch seconds.

    ``unit_code`` and ``unit_from`` are the office, "" where the directory names none.
    """

    directory: str
    link: str
    account_id: str
    unit_code: str
    unit_from: str
    created_at: int
    ended_at: int | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """A role at a unit; ``source`` is ``directory:<name>:<link>``, and ``ended_at`` is set when it was ended before its time."""

    id: str
    account_id: str
    role: str
    unit_code: str
    unit_from: str
    valid_from: int
    valid_to: int | None
    granted_by: str
    source: str
    created_at: int
    ended_at: int | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The last comparison of a directory."""

    directory: str
    day: str
    started_at: int
    finished_at: int | None
    outcome: str
    counts: Mapping[str, int]


class OfficialStore(Protocol):
    """Links in SQL."""

    def by_link(self, directory: str, link: str) -> LinkRow | None:
        """Return a link, ended or not."""
        ...

    def of_account(self, account_id: str) -> list[LinkRow]:
        """Return the live links of an account, oldest first."""
        ...

    def of_directory(self, directory: str) -> list[LinkRow]:
        """Return every link of a directory, ended ones too."""
        ...

    def admit(self, new: NewAccount, link: LinkRow, record: AuditRecord) -> None:
        """Insert an account with its link and audit record in one transaction; raises ``Conflict`` when the link is somebody's."""
        ...

    def add(self, link: LinkRow, record: AuditRecord) -> None:
        """Give an account that exists another link; raises ``Conflict`` when the link is somebody's."""
        ...

    def move(self, directory: str, link: str, office: tuple[str, str], record: AuditRecord) -> bool:
        """Change the office of a link; False if it was that already."""
        ...

    def end(self, directory: str, link: str, now: int, reason: str, record: AuditRecord) -> bool:
        """End a live link; False if it had ended."""
        ...

    def revive(self, directory: str, link: str, record: AuditRecord) -> bool:
        """Make an ended link live again; False if it was."""
        ...

    def claim_run(self, directory: str, day: str, now: int) -> bool:
        """Begin the comparison of a day, or begin it again when the directory was out of reach: of many processes that ask one gets True."""
        ...

    def finish_run(self, run: Run, record: AuditRecord) -> None:
        """Keep how the last comparison ended."""
        ...

    def last_run(self, directory: str) -> Run | None:
        """Return the last comparison."""
        ...


class RoleStore(Protocol):
    """Role assignments in SQL."""

    def held(self, account_id: str) -> list[AssignmentRow]:
        """Return the assignments that nobody has ended, also those that begin later or have run out, by role and unit."""
        ...

    def by_unit(self) -> list[tuple[str, str, int]]:
        """Return how many assignments that nobody has ended hang on each unit, by code and beginning."""
        ...

    def change(
        self, begin: Sequence[AssignmentRow], end: Sequence[str], now: int, reason: str, records: Sequence[AuditRecord]
    ) -> bool:
        """End some assignments and begin others in one transaction with their records.

        False, and nothing is changed, when one to end had ended or one to begin is there already: somebody else was faster.
        """
        ...
