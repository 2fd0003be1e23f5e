"""What the audit log knows of a breach: who is concerned, which systems, which data, when. Walks the log page by page, in bounded memory.

Who is concerned is written into temporary files, a part of all accounts in each, and counted part by part: a range over a million people holds no
more of them in memory at a time than one over a few thousand.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any, Final, Self

from idp.ports.audit import AuditStore
from idp.ports.consents import ConsentStore
from idp.services.audit_archived import ArchivedRecords
from policies import breach
from policies.breach import Scope

_PAGE: Final = 1_000
_PARTS: Final = 64
_SLACK_US: Final = 600 * 1_000_000
"""Records are numbered as they are written, which is not quite the order of their moments."""
_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: from ``since`` until before ``until`` (epoch seconds), of these clients, accounts, sessions (None for all)."""

    scope: Scope
    since: int
    until: int
    client_ids: frozenset[str] | None = None
    account_ids: frozenset[str] | None = None
    session_ids: frozenset[str] | None = None


@dataclass(slots=True)
class System:
    """What one system got: acts, people, claims as a bit set, from when to when. Its id is "" for what was seen here."""

    client_id: str
    acts: int = 0
    people: int = 0
    claims: int = 0
    first_at: int = 0
    last_at: int = 0


@dataclass(slots=True)
class Findings:
    """The figures: people in all, acts by event, each system; ``unread`` are archives of the range that are gone or do not hold."""

    people: int = 0
    unread: int = 0
    events: dict[str, int] = field(default_factory=dict)
    systems: dict[str, System] = field(default_factory=dict)

    @property
    def claims(self) -> int:
        """Return every claim that any system got."""
        found = 0
        for one in self.systems.values():
            found |= one.claims
        return found


@dataclass(frozen=True, slots=True)
class Person:
    """One who is concerned: acts, systems, from when to when."""

    account_id: str
    acts: int
    systems: tuple[str, ...]
    first_at: int
    last_at: int


class Collected:
    """A walk's findings, and the people as they lie in temporary files; to be closed."""

    def __init__(self) -> None:
        """Open the files."""
        self.findings = Findings()
        self._stack = ExitStack()
        self._parts = [self._stack.enter_context(_part()) for _ in range(_PARTS)]

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the files."""
        self._stack.close()

    def note(self, account_id: str, client_id: str, at: int) -> None:
        """Write down that a system got something of a person."""
        part = hashlib.blake2b(account_id.encode(), digest_size=1).digest()[0] % _PARTS
        self._parts[part].write(f"{account_id}\t{client_id}\t{at}\n")

    def people(self) -> Iterator[Person]:
        """Yield everybody once, a part at a time, in order of id within each."""
        for part in self._parts:
            part.seek(0)
            found: dict[str, list[tuple[str, int]]] = {}
            for line in part:
                account_id, client_id, at = line.rstrip("\n").split("\t")
                found.setdefault(account_id, []).append((client_id, int(at)))
            for account_id in sorted(found):
                acts = found[account_id]
                moments = [at for _, at in acts]
                systems = tuple(sorted({client_id for client_id, _ in acts if client_id}))
                yield Person(account_id, len(acts), systems, min(moments), max(moments))

    def count_people(self) -> None:
        """Count who is concerned, in all and by system."""
        for person in self.people():
            self.findings.people += 1
            for client_id in person.systems:
                self.findings.systems[client_id].people += 1


class BreachCollector:
    """Walks the log."""

    def __init__(self, records: AuditStore, consents: ConsentStore, archived: ArchivedRecords) -> None:
        """Take the log, what people agreed that systems get, and the records that were moved out of the log."""
        self._archived = archived
        self._records = records
        self._consents = consents

    def collect(self, wanted: Wanted) -> Collected:
        """Return what the log says of a range; the caller closes it."""
        found = Collected()
        found.findings.unread = self._archived.unread(wanted.since * _SECOND_US, wanted.until * _SECOND_US)
        for rows in self._pages(wanted):
            self._take(found, rows)
        found.count_people()
        return found

    def _pages(self, wanted: Wanted) -> Iterator[list[Mapping[str, Any]]]:
        """Yield what counts. Records may move into the archive meanwhile: each is read once, there or here, and none is missed."""
        events = breach.counted(wanted.scope)
        since, until = wanted.since * _SECOND_US, wanted.until * _SECOND_US

        def kept(rows: Sequence[Mapping[str, Any]], read: Sequence[range] = ()) -> list[Mapping[str, Any]]:
            return [
                one
                for one in rows
                if since <= int(one["at_us"]) < until
                and _counts(one, events, wanted)
                and not any(int(one["seq"]) in span for span in read)
            ]

        moved, read = self._archived.last() + 1, list[range]()
        for rows in self._archived.pages(since, until, range(moved)):
            yield kept(rows)
        position = self._before(since - _SLACK_US)
        while rows := self._records.after(position, _PAGE):
            first, position = int(str(rows[0]["seq"])), int(str(rows[-1]["seq"]))
            begin = read.pop().start if read and read[-1].stop == first else first
            read.append(range(begin, position + 1))
            yield kept(rows)
            if int(str(rows[-1]["at_us"])) >= until + _SLACK_US:
                break
        for rows in self._archived.pages(since, until, range(moved, sys.maxsize)):
            yield kept(rows, read)

    def _before(self, moment: int) -> int:
        """Return a number before the first record of a moment, by halving: the log has no index of moments."""
        low, high = 0, 1
        while (row := self._next(high)) is not None and int(str(row["at_us"])) < moment:
            low, high = high, high * 2
        while high - low > _PAGE:
            middle = (low + high) // 2
            row = self._next(middle)
            if row is not None and int(str(row["at_us"])) < moment:
                low = middle
            else:
                high = middle
        return low

    def _next(self, seq: int) -> Mapping[str, object] | None:
        rows = self._records.after(seq, 1)
        return rows[0] if rows else None

    def _take(self, found: Collected, rows: Sequence[Mapping[str, Any]]) -> None:
        pairs = set[tuple[str, str]]()
        for row in rows:
            account_id, client_id, at = row["account_id"], row["client_id"] or "", int(row["at_us"]) // _SECOND_US
            if account_id is None:
                continue
            if row["event"] not in breach.RELEASES:
                client_id = ""
            found.note(account_id, client_id, at)
            _count(found.findings, str(row["event"]), client_id, at)
            if client_id:
                pairs.add((account_id, client_id))
        for client_id, claims in self._consents.agreed(sorted(pairs)).items():
            found.findings.systems[client_id].claims |= claims


def _counts(row: Mapping[str, Any], events: frozenset[str], wanted: Wanted) -> bool:
    if row["outcome"] != "done" or row["event"] not in events:
        return False
    asked = (
        (wanted.client_ids, row["client_id"]),
        (wanted.account_ids, row["account_id"]),
        (wanted.session_ids, row["session_id"]),
    )
    return all(ids is None or value in ids for ids, value in asked)


def _count(findings: Findings, event: str, client_id: str, at: int) -> None:
    findings.events[event] = findings.events.get(event, 0) + 1
    system = findings.systems.setdefault(client_id, System(client_id))
    system.acts += 1
    system.first_at = min(system.first_at or at, at)
    system.last_at = max(system.last_at, at)


def _part() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")
