"""The import itself: batches of rows, each with its checkpoint, so that a killed import goes on where it stood."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Final

from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound, Refused
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.accounts import CredentialRow
from idp.ports.imports import Checkpoint, ImportStore
from idp.services.account_import.batches import Batch, BatchChecker
from idp.services.account_import.reading import Source, open_source
from idp.services.account_import.records import Record
from idp.services.account_import.rejects import RejectFile, rejects_path
from idp.services.accounts import OPERATOR, AccountService
from idp.services.audit import AuditLog

BATCH: Final = 1_000
_TRIES: Final = 5
"""How often a batch is checked anew because somebody else took one of its codes meanwhile."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an import stands: bytes of the file, and rows of this run; told at the start and after each batch."""

    done_bytes: int
    total_bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of an import.

    ``rows``, ``landed`` and ``rejected`` count the whole file, also what earlier runs of it did; ``seconds`` and
    ``rate`` (rows a second) are this run's. ``reasons`` counts this run's rejected rows by reason id. ``done_before``
    tells that an earlier run had come to the end, so that this one did nothing.
    """

    rows: int
    landed: int
    rejected: int
    seconds: float
    rate: int
    dry_run: bool
    resumed_at_line: int
    done_before: bool
    reasons: dict[str, int]
    rejects: str | None


@dataclass
class _Run:
    """One run over one file: what does not change, and what it counts."""

    source: Source
    rejects: RejectFile
    size: int
    actor: str
    progress: Callable[[Progress], None]
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class AccountImporter:
    """Imports accounts from CSV or JSON lines."""

    def __init__(
        self,
        store: ImportStore,
        accounts: AccountService,
        imported_password: Callable[[str], CredentialRow],
        audit: AuditLog,
        clock: Clock,
        batch: int = BATCH,
    ) -> None:
        """Take collaborators; ``imported_password`` checks a hash that came from elsewhere and makes its row."""
        self._store = store
        self._accounts = accounts
        self._imported_password = imported_password
        self._audit = audit
        self._clock = clock
        self._batch = batch

    def run(
        self,
        path: Path,
        *,
        dry_run: bool = False,
        again: bool = False,
        actor: str = OPERATOR,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> Summary:
        """Import a file, or go on where an earlier run of the same content stopped.

        A finished file is not read again unless ``again`` says so; its rows are then rejected as taken. A dry run makes
        every check and changes nothing. Raises ``NotFound``, ``InvalidInput`` for a file that is no import file,
        ``Refused`` when another import runs or the file changes while it is read.
        """
        began = time.monotonic()
        with ExitStack() as stack:
            file = stack.enter_context(_opened(path))
            if not dry_run and not stack.enter_context(self._store.exclusive()):
                raise Refused("another import is running", code="import_running")
            digest, size = _identify(file)
            source = open_source(file)
            run = _Run(source, RejectFile(rejects_path(path), source.columns), size, actor, progress)
            stored = None if dry_run else self._store.checkpoint(digest)
            start = self._start(stored, digest, run.source, again=again)
            progress(Progress(start.byte_offset, size, 0))
            if dry_run:
                end = self._rehearse(run, start)
            elif start.finished_at is not None:
                end = start
            else:
                run.rejects.cut(start.reject_offset)
                end = self._import(run, file, stored, start)
        return _summary(run, start, end, time.monotonic() - began, dry_run=dry_run)

    def _start(self, stored: Checkpoint | None, digest: str, source: Source, *, again: bool) -> Checkpoint:
        if stored is None or (again and stored.finished_at is not None):
            return Checkpoint(digest, *source.start, 0, 0, 0, self._clock.now())
        return stored

    def _import(self, run: _Run, file: BufferedReader, stored: Checkpoint | None, start: Checkpoint) -> Checkpoint:
        before, at = stored, start
        checker = BatchChecker(self._store, self._accounts, self._imported_password)
        for records, is_last in self._batches(run.source, at):
            if os.fstat(file.fileno()).st_size != run.size:
                raise Refused("the file changed while it was read: start again", code="file_changed", field="file")
            at = self._land(run, checker, records, before, at, is_last=is_last)
            before = at
        return at

    def _land(
        self,
        run: _Run,
        checker: BatchChecker,
        records: list[Record],
        before: Checkpoint | None,
        at: Checkpoint,
        *,
        is_last: bool,
    ) -> Checkpoint:
        for _ in range(_TRIES):
            batch = checker.check(records)
            after = self._after(at, records, batch, run, is_last=is_last)
            try:
                moved = self._store.land(batch.accounts, before, after, self._record(run, at, after))
            except Conflict:
                # Somebody registered one of these codes since the batch was checked: it is a rejected row now.
                continue
            if not moved:
                raise Refused("another import of this file is running", code="import_running")
            self._count(run, batch, after)
            return after
        raise Conflict("rows of this batch are being registered elsewhere at the same time: start again")

    def _after(self, at: Checkpoint, records: list[Record], batch: Batch, run: _Run, *, is_last: bool) -> Checkpoint:
        """Put the rejected rows on disk and return the checkpoint behind the batch."""
        offset, line = (records[-1].next_offset, records[-1].next_line) if records else (at.byte_offset, at.line)
        return replace(
            at,
            byte_offset=offset,
            line=line,
            landed=at.landed + len(batch.accounts),
            rejected=at.rejected + len(batch.rejected),
            reject_offset=run.rejects.append(at.reject_offset, batch.rejected),
            finished_at=self._clock.now() if is_last else None,
        )

    def _rehearse(self, run: _Run, start: Checkpoint) -> Checkpoint:
        at = start
        with self._store.scratch() as seen:
            checker = BatchChecker(self._store, self._accounts, self._imported_password, seen)
            for records, _ in self._batches(run.source, at):
                batch = checker.check(records)
                at = replace(
                    at,
                    byte_offset=records[-1].next_offset if records else at.byte_offset,
                    landed=at.landed + len(batch.accounts),
                    rejected=at.rejected + len(batch.rejected),
                )
                self._count(run, batch, at)
        return at

    def _batches(self, source: Source, at: Checkpoint) -> Iterator[tuple[list[Record], bool]]:
        """Yield batches, and with each whether it is the last one; the last may be empty."""
        records = source.records(at.byte_offset, at.line)
        while True:
            batch = list(islice(records, self._batch))
            is_last = len(batch) < self._batch
            yield batch, is_last
            if is_last:
                return

    def _count(self, run: _Run, batch: Batch, after: Checkpoint) -> None:
        run.rows += len(batch.accounts) + len(batch.rejected)
        run.reasons.update(fault.reason for _, fault in batch.rejected)
        run.progress(Progress(after.byte_offset, run.size, run.rows))

    def _record(self, run: _Run, before: Checkpoint, after: Checkpoint) -> AuditRecord:
        detail = {
            "digest": after.digest,
            "from_line": before.line + 1,
            "to_line": after.line,
            "landed": after.landed - before.landed,
            "rejected": after.rejected - before.rejected,
        }
        return self._audit.record(
            AuditEvent(Event.ACCOUNT_IMPORT, actor=run.actor, target=f"import:{after.digest[:16]}", detail=detail)
        )


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", field="file") from error
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", field="file") from error


def _identify(file: BufferedReader) -> tuple[str, int]:
    """Return the SHA-256 of the content and its size.

    A file that was moved or renamed goes on, a changed one begins.
    """
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = file.tell()
    file.seek(0)
    return digest, size


def _summary(run: _Run, start: Checkpoint, end: Checkpoint, seconds: float, *, dry_run: bool) -> Summary:
    return Summary(
        rows=end.landed + end.rejected,
        landed=end.landed,
        rejected=end.rejected,
        seconds=round(seconds, 3),
        rate=round(run.rows / seconds) if seconds else 0,
        dry_run=dry_run,
        resumed_at_line=start.line + 1 if start.landed + start.rejected and start.finished_at is None else 0,
        done_before=start.finished_at is not None,
        reasons=dict(run.reasons),
        rejects=str(run.rejects.path) if end.rejected and not dry_run else None,
    )
