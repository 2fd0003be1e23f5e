"""Movers and leavers: a whole directory beside the people whom we know from it, once a night or when an operator asks.

First everything is worked out, then ``policies.officials.comparison`` says whether it may be done, then it is done person by person: roles end,
accounts of who is gone are closed, sessions end with them and the departments are told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from idp.clock import VIETNAM, Clock, local_day
from idp.errors import DirectoryUnavailable, DomainError, NotFound, StorageUnavailable
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.directory import Entry, Listing
from idp.ports.directories import Directory
from idp.ports.officials import LinkRow, OfficialStore, Run
from idp.services.audit import AuditLog
from idp.services.officials import Changes, OfficialService
from policies.officials.comparison import Brake, Comparison, Verdict, compare, verdict

_log = logging.getLogger("idp.directories")
_UNAVAILABLE: Final = "unavailable"
_REASON: Final = "comparison"


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison found. Accounts by id: ``gone`` with the reason, ``back``, and ``moved`` with the roles that begin and end.

    ``outcome`` is ``go`` when it was carried out, ``dry_run``, ``partial_answer``, ``brake`` or ``unavailable``; ``why`` is for operators.
    """

    directory: str
    outcome: str
    known: int = 0
    listed: int = 0
    gone: Mapping[str, str] | None = None
    back: tuple[str, ...] = ()
    moved: Mapping[str, Changes] | None = None
    failed: int = 0
    why: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Return the figures."""
        figures = {"known": self.known, "listed": self.listed, "gone": len(self.gone or {}), "back": len(self.back)}
        return {**figures, "moved": len(self.moved or {}), "failed": self.failed}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was worked out: the people by link, the listing, who goes, and what changes for who stays."""

    rows: Mapping[str, LinkRow]
    listing: Listing
    comparison: Comparison
    changes: Mapping[str, Changes]

    @property
    def losing(self) -> int:
        """Return how many who stay lose a role."""
        return sum(bool(change.end) for change in self.changes.values())


class DirectoryComparer:
    """Compares directories and carries out what follows."""

    def __init__(
        self,
        directories: Mapping[str, Directory],
        officials: OfficialService,
        store: OfficialStore,
        brake: Brake,
        hour: int,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators; ``hour`` is the hour in Vietnam after which the night's comparison runs."""
        self._directories = directories
        self._officials = officials
        self._store = store
        self._brake = brake
        self._hour = hour
        self._audit = audit
        self._clock = clock

    def nightly(self) -> int:
        """Compare each directory once a day; safe in many processes at once. Returns how many people were touched."""
        now = datetime.fromtimestamp(self._clock.now(), UTC).astimezone(VIETNAM)
        if now.hour < self._hour:
            return 0
        day, touched = now.date().isoformat(), 0
        for name in self._directories:
            if self._store.claim_run(name, day, self._clock.now()):
                report = self.run(name)
                touched += len(report.gone or {}) + len(report.back) + len(report.moved or {})
        return touched

    def run(
        self, name: str, *, dry_run: bool = False, force: bool = False, reason: str = "", actor: str = "system"
    ) -> Report:
        """Compare one directory and carry it out unless told otherwise; raises ``NotFound`` for an unknown name.

        ``force`` is an operator's word against the brake; a partial answer is never carried out.
        """
        directory = self._directories.get(name)
        if directory is None:
            raise NotFound(f"no directory is called {name!r}", field="directory")
        started = self._clock.now()
        try:
            plan = self._planned(directory)
        except DirectoryUnavailable as error:
            report = Report(name, _UNAVAILABLE, why=str(error))
        else:
            may = verdict(
                *(plan.comparison,),
                is_whole=plan.listing.is_whole,
                brake=self._brake,
                losing=plan.losing,
                is_forced=force,
            )
            report = self._report(name, plan, "dry_run" if dry_run and may is Verdict.GO else may.value)
            if may is Verdict.GO and not dry_run:
                report = replace(report, failed=self._carry_out(plan))
        if not dry_run:
            self._note(report, started, reason, actor)
        return report

    def _planned(self, directory: Directory) -> _Plan:
        listing = directory.listing()
        rows = {row.link: row for row in self._officials.links(directory.name)}
        standings = {link: entry.standing for link, entry in listing.entries.items()}
        comparison = compare({link: row.ended_at is None for link, row in rows.items()}, standings)
        changes = {}
        for link in (*comparison.staying, *comparison.back):
            change = self._roles(rows[link], listing.entries[link], listing, dry_run=True)
            if change.begin or change.end:
                changes[link] = change
        return _Plan(rows, listing, comparison, changes)

    def _roles(self, row: LinkRow, entry: Entry, listing: Listing, *, dry_run: bool) -> Changes:
        groups = listing.groups.get(row.link, frozenset())
        return self._officials.follow_roles(row, entry, groups, reason=_REASON, dry_run=dry_run)

    @staticmethod
    def _report(name: str, plan: _Plan, outcome: str) -> Report:
        rows, found = plan.rows, plan.comparison
        return Report(
            name,
            outcome,
            found.known,
            len(plan.listing.entries),
            {rows[link].account_id: why for link, why in found.gone.items()},
            tuple(rows[link].account_id for link in found.back),
            {rows[link].account_id: change for link, change in plan.changes.items()},
            why=plan.listing.why,
        )

    def _carry_out(self, plan: _Plan) -> int:
        """Do it person by person; what fails for one is tried again the next night, and the others go on."""
        failed = 0
        for link, why in plan.comparison.gone.items():
            failed += not self._done(self._officials.let_go, plan.rows[link], why)
        for link in plan.comparison.back:
            failed += not self._done(self._officials.take_back, plan.rows[link])
        for link in (*plan.comparison.staying, *plan.comparison.back):
            failed += not self._done(self._follow, plan.rows[link], plan)
        return failed

    def _follow(self, row: LinkRow, plan: _Plan) -> None:
        entry = plan.listing.entries[row.link]
        self._officials.bring_up_to_date(row, entry)
        self._roles(row, entry, plan.listing, dry_run=False)

    @staticmethod
    def _done(act: Callable[..., None], *arguments: object) -> bool:
        try:
            act(*arguments)
        except StorageUnavailable:
            raise
        except DomainError as error:
            _log.warning("comparison: %s", error)
            return False
        return True

    def _note(self, report: Report, started: int, reason: str, actor: str) -> None:
        now = self._clock.now()
        day = local_day(started)
        is_done = report.outcome == Verdict.GO.value
        event = AuditEvent(
            Event.DIRECTORY_COMPARE,
            Outcome.DONE if is_done else Outcome.REFUSED,
            reason or report.outcome,
            actor=actor,
            target=f"directory:{report.directory}",
            detail={"outcome": report.outcome, **report.counts},
        )
        if not is_done:
            _log.error("directory %s was not compared: %s %s", report.directory, report.outcome, report.why)
        run = Run(report.directory, day, started, now, report.outcome, report.counts)
        self._store.finish_run(run, self._audit.record(event))


def people(report: Report) -> list[tuple[str, str, str]]:
    """Return account id, what (``gone``, ``back``, ``moved``) and detail for each person whom a comparison touches."""
    gone = [(account, "gone", why) for account, why in (report.gone or {}).items()]
    back = [(account, "back", "") for account in report.back]
    moved = [
        (account, "moved", " ".join((*(f"+{role}" for role in change.begin), *(f"-{role}" for role in change.end))))
        for account, change in (report.moved or {}).items()
    ]
    return [*gone, *back, *moved]
