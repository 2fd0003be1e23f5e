"""Moves records out of the database once their time there is over, as bundles that prove themselves, and removes the files when theirs is.

The leaves stay in the tree, so every proof holds; a file is verified before a record goes.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event
from idp.ports.audit import AuditQuery, AuditStore
from idp.ports.audit_segments import AuditKeeper, Segment
from idp.services.audit import PERSONAL, PUBLIC, AuditLog
from idp.services.audit_archived import ArchivedRecords
from idp.services.audit_bundle import AuditBundles
from idp.services.audit_erasure import ranges
from idp.services.audit_heads import AuditHeads
from idp.services.audit_verification import Trust, verify_bundle
from policies.audit_commitments import SALT_BYTES, part_digest

_DAY_US: Final = 86_400_000_000
_SECOND_US: Final = 1_000_000
_TOLD: Final = AuditQuery(events=(Event.AUDIT_ARCHIVE.value,), limit=1_000_000)
_PAGE: Final = 1_000
_SEGMENT: Final = 20_000
"""Records of one segment at most."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Days in the database, days in the archive (from the record's moment), and where the archive lies."""

    online_days: int
    keep_days: int
    directory: Path


class AuditArchive:
    """Archives and removes."""

    def __init__(
        self,
        keeping: Keeping,
        keeper: AuditKeeper,
        records: AuditStore,
        heads: AuditHeads,
        log: AuditLog,
        clock: Clock,
        counted: Callable[[], int],
    ) -> None:
        """Take how long what is kept, the stores, the heads, and up to which record the indicator has been counted."""
        self._keeping = keeping
        self._keeper = keeper
        self._records = records
        self._heads = heads
        self._log = log
        self._clock = clock
        self._counted = counted

    def run(self, *, actor: str = "system") -> int:
        """Archive one segment of what is old enough, and remove files whose time is over; returns how many records moved."""
        self._remove_old(actor)
        segment = self._next()
        if segment is None:
            return 0
        first, last, newest_us = segment
        path, digest = self._write(first, last)
        made = Segment(first, last, path.name, digest, newest_us, self._clock.now())
        detail = {"file": path.name, "sha256": digest}
        event = AuditEvent(Event.AUDIT_ARCHIVE, actor=actor, target=f"audit:{first}-{last}", detail=detail)
        if self._keeper.archive(made, self._log.record(event)):
            return last - first + 1
        path.unlink(missing_ok=True)
        return 0

    def archived(self) -> ArchivedRecords:
        """Return what reads the archives."""
        return ArchivedRecords(self._keeper.segments, self._keeping.directory)

    def spans(self) -> tuple[range, ...]:
        """Return the numbers that lie in archives."""
        return tuple(range(one.first, one.last + 1) for one in self._keeper.segments())

    def check(self) -> tuple[int, str] | None:
        """Return the first number, and why, of an archive that does not hold; None where all do. What was removed in time is no fault."""
        told = {row["target"] for row in self._log.search(_TOLD)}
        cut = self._clock.now_us() - self._keeping.online_days * _DAY_US
        for segment in self._keeper.segments():
            path = self._keeping.directory / segment.file
            is_recent = segment.archived_at * _SECOND_US >= cut
            if is_recent and f"audit:{segment.first}-{segment.last}" not in told:
                return segment.first, "no record says that these records were archived"
            if segment.removed_at is not None:
                continue
            if not path.is_file() or _digest(path) != segment.digest:
                return segment.first, f"the archive {segment.file} is missing or was changed"
            if (fault := self._fault(path)) is not None:
                return fault
        return None

    def erase(self, account_id: str, *, before_us: int, reason: str, actor: str) -> int:
        """Erase what names an account from the archives; returns in how many records."""
        total = 0
        for segment in self._keeper.segments():
            if segment.removed_at is not None:
                continue
            old, count = self._keeping.directory / segment.file, 0
            fresh = old.with_suffix(f".{os.getpid()}.new")
            with gzip.open(old, "rb") as lines:
                rewriting = Rewriting(account_id, before_us)
                _write_packed(fresh, rewriting.lines(lines))
                count = len(rewriting.numbers)
            if not count:
                fresh.unlink()
                continue
            path, digest = self._named(fresh, segment.first, segment.last)
            detail = {"numbers": ranges(rewriting.numbers), "file": path.name, "sha256": digest}
            event = AuditEvent(Event.AUDIT_ERASE, reason=reason, actor=actor, target="audit", detail=detail)
            self._keeper.replace(replace(segment, file=path.name, digest=digest), self._log.record(event))
            old.unlink(missing_ok=True)
            total += count
        return total

    def _next(self) -> tuple[int, int, int] | None:
        """Return first and last number and newest moment of the next segment; None while nothing is old enough."""
        known, head = self._keeper.segments(), self._heads.newest()
        first = known[-1].last + 1 if known else 1
        cut = self._clock.now_us() - self._keeping.online_days * _DAY_US
        bound = min(head.size if head else 0, self._counted(), first + _SEGMENT - 1)
        last, newest = first - 1, 0
        while rows := self._records.after(last, _PAGE):
            for row in rows:
                seq, moment = int(str(row["seq"])), int(str(row["at_us"]))
                if seq > bound or moment >= cut:
                    return (first, last, newest) if last >= first else None
                last, newest = seq, max(newest, moment)
        return (first, last, newest) if last >= first else None

    def _write(self, first: int, last: int) -> tuple[Path, str]:
        """Write the bundle down to the disk and verify what was written; returns the file and its digest."""
        self._keeping.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._keeping.directory / f"{first}.{os.getpid()}.new"
        bundles = AuditBundles(self._records, self._heads)
        _write_packed(fresh, bundles.lines(bundles.span(first, last), self._clock.now()))
        if (fault := self._fault(fresh)) is not None:
            fresh.unlink()
            raise DomainError(f"the audit log is not archived: record {fault[0]}: {fault[1]}")
        return self._named(fresh, first, last)

    def _named(self, fresh: Path, first: int, last: int) -> tuple[Path, str]:
        """Give a file its name for good: with its digest in it, so that two processes cannot write over each other."""
        digest = _digest(fresh)
        path = fresh.with_name(f"{first:012d}-{last:012d}-{digest[:16]}.jsonl.gz")
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return path, digest

    def _fault(self, path: Path) -> tuple[int, str] | None:
        with gzip.open(path, "rb") as lines:
            found = verify_bundle(lines, Trust(self._heads.verifiers(), is_archive=True)).fault
        return None if found is None else (found.position, found.reason)

    def _remove_old(self, actor: str) -> None:
        cut = self._clock.now_us() - self._keeping.keep_days * _DAY_US
        for segment in self._keeper.segments():
            if segment.removed_at is None and segment.newest_us < cut:
                detail = {"file": segment.file, "removed": True}
                target = f"audit:{segment.first}-{segment.last}"
                event = AuditEvent(Event.AUDIT_ARCHIVE, actor=actor, target=target, detail=detail)
                if self._keeper.remove(segment.first, self._clock.now(), self._log.record(event)):
                    (self._keeping.directory / segment.file).unlink(missing_ok=True)


class Rewriting:
    """Copies a bundle without the personal parts that name an account; ``numbers`` are the records that lost theirs."""

    def __init__(self, account_id: str, before_us: int) -> None:
        """Take whom, and before which moment."""
        self.numbers: list[int] = []
        self._before_us = before_us
        self._names = {account_id, f"account:{account_id}"}

    def lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines of the copy."""
        for line in lines:
            record = orjson.loads(line)
            if "personal" not in record or "seq" not in record or not self._is_named(record):
                yield line
                continue
            salt, personal = bytes.fromhex(record.pop("salt")), record.pop("personal").encode()
            digest = part_digest(salt[SALT_BYTES:], personal)
            self.numbers.append(record["seq"])
            yield orjson.dumps({**record, "salt": salt[:SALT_BYTES].hex(), "erased": digest.hex()}) + b"\n"

    def _is_named(self, record: Mapping[str, Any]) -> bool:
        personal = dict(zip(PERSONAL, orjson.loads(record["personal"]), strict=True))
        moment = dict(zip(PUBLIC, orjson.loads(record["public"]), strict=True))["at_us"]
        named = {personal["account_id"], personal["actor"], personal["target"]}
        return moment < self._before_us and bool(named & self._names)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_packed(path: Path, lines: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
            packed.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
