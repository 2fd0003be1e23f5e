"""Directories of departments: how each stands, what its configuration comes to, and what a comparison would do; nothing here changes a person.

A comparison reads a whole directory, so a process that serves people only asks for it: the worker makes the dry run, and its answer lies in the
ephemeral store for an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.config.directories import Directory as Source
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.connections import ConnectionSearch
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import Page, Window, place_page
from idp.flows.comparing import DirectoryComparer, people
from idp.flows.examining import examined_person
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.directory import Check, Entry, ServerStanding
from idp.ports.directories import Directory
from idp.ports.ephemeral import TransactionStore
from idp.ports.officials import OfficialStore, Run
from idp.services.audit import AuditLog
from idp.services.officials import OfficialService
from idp.services.other_releases import legible
from policies.delegation import DEPLOYMENT, Action

ASKED: Final = "asked"
RUNNING: Final = "running"
DONE: Final = "done"
_KEPT: Final = 3600
_PATIENCE: Final = 600
"""Seconds after which a dry run that was asked for and not answered may be asked for again: the worker may have died over it."""
_MOST_PEOPLE: Final = 2_000
"""A cursor among these."""
_SECONDS: Final = 25
"""For which an examination may go on; each of its steps has a limit of its own beside it."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """A comparison that was asked for: ``state`` is ``asked``, ``running`` or ``done``; ``people`` are account id, what, and detail.

    ``outcome`` is that of ``flows.comparing.Report``; moments are epoch seconds.
    """

    state: str
    asked_at: int
    asked_by: str
    finished_at: int | None = None
    outcome: str = ""
    why: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    people: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class DirectoryView:
    """One directory: its settings, its servers as this process knows them, its last comparison."""

    source: Source
    servers: tuple[ServerStanding, ...]
    last: Run | None

    @property
    def is_ill(self) -> bool:
        """Tell whether a server is left alone, or the last comparison was not carried out."""
        is_held = self.last is not None and self.last.finished_at is not None and self.last.outcome != "go"
        return is_held or any(one.is_left_alone for one in self.servers)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of directories."""

    sources: tuple[Source, ...]
    directories: Mapping[str, Directory]
    officials: OfficialService
    store: OfficialStore
    comparer: DirectoryComparer


class DirectoryAdministration:
    """Shows, examines, asks for dry runs. Directories are settings: they belong to the whole deployment."""

    def __init__(self, gate: Gate, known: Knowledge, marks: TransactionStore, audit: AuditLog, clock: Clock) -> None:
        """Take collaborators; ``marks`` keeps what was asked for and its answer."""
        self._gate = gate
        self._known = known
        self._marks = marks
        self._audit = audit
        self._clock = clock

    def all(self, who: Administrator) -> list[DirectoryView]:
        """Return every directory in the order of the settings."""
        self._require(who, Action.SETTINGS_READ, "directories")
        return [self._view(source) for source in self._known.sources]

    def search(self, who: Administrator, wanted: ConnectionSearch, window: Window) -> Page[DirectoryView]:
        """Return directories in that order; raises ``InvalidInput``."""
        return wanted.among(self.all(who), _texts, window)

    def show(self, who: Administrator, name: str) -> DirectoryView:
        """Return one directory."""
        self._require(who, Action.SETTINGS_READ, f"directory:{name}")
        return self._view(self._source(who, Action.SETTINGS_READ, name))

    def count(self, who: Administrator, name: str) -> int:
        """Return how many officials are known from a directory."""
        self._require(who, Action.SETTINGS_READ, f"directory:{name}")
        rows = self._known.officials.links(self._source(who, Action.SETTINGS_READ, name).name)
        return sum(row.ended_at is None for row in rows)

    def examine(self, who: Administrator, name: str, user_name: str = "") -> list[Check]:
        """Go through a directory's configuration step by step, with ``user_name`` down to that person's roles; no password is asked for.

        It waits on the directory's own threads, and no longer than half a minute.
        """
        self._require(who, Action.SETTINGS_TEST, f"directory:{name}")
        directory = self._known.directories[self._source(who, Action.SETTINGS_TEST, name).name]
        checks = directory.examined(_SECONDS)
        if user_name:
            checks += examined_person(
                directory, self._known.officials, user_name, found=lambda entry: self._note_person(who, name, entry)
            )
        self._note(who, name, {"failed": [one.step for one in checks if one.state == "failed"]})
        return checks

    def ask(self, who: Administrator, name: str, reason: str) -> DryRun:
        """Ask for a dry run of the comparison; one that was asked for already and is not answered yet goes on."""
        self._require(who, Action.SETTINGS_TEST, f"directory:{name}")
        self._source(who, Action.SETTINGS_TEST, name)
        now, key = self._clock.now(), _key(name)
        before = self._read(key)
        if before is not None and before.state != DONE and now - before.asked_at < _PATIENCE:
            return before
        asked = DryRun(ASKED, now, who.principal)
        self._note(who, name, {"comparison": "dry_run"}, reason)
        self._marks.put(key, _packed(asked), now + _KEPT)
        return asked

    def dry_run(self, who: Administrator, name: str) -> DryRun | None:
        """Return the dry run that was asked for last, None where none was of late."""
        self._require(who, Action.SETTINGS_TEST, f"directory:{name}")
        return self._read(_key(self._source(who, Action.SETTINGS_TEST, name).name))

    def people(self, who: Administrator, name: str, window: Window) -> Page[Sequence[str]]:
        """Return whom the last dry run would touch, by our own ids, a page at a time."""
        found = self.dry_run(who, name)
        return place_page(found.people if found is not None else (), window)

    def run_asked(self) -> int:
        """Make the dry runs that were asked for; of several workers one makes each. Returns how many were made."""
        made = 0
        for source in self._known.sources:
            key, now = _key(source.name), self._clock.now()
            document = self._marks.get(key, now)
            found = _unpacked(document) if document is not None else None
            if document is None or found is None or found.state != ASKED:
                continue
            running = _packed(DryRun(RUNNING, found.asked_at, found.asked_by))
            if self._marks.replace(key, document, running, now + _KEPT):
                self._marks.put(key, _packed(self._made(source.name, found)), self._clock.now() + _KEPT)
                made += 1
        return made

    def _made(self, name: str, asked: DryRun) -> DryRun:
        report = self._known.comparer.run(name, dry_run=True)
        found = people(report)[:_MOST_PEOPLE]
        ended = self._clock.now()
        return DryRun(
            DONE, asked.asked_at, asked.asked_by, ended, report.outcome, report.why, report.counts, tuple(found)
        )

    def _view(self, source: Source) -> DirectoryView:
        servers = self._known.directories[source.name].standings()
        return DirectoryView(source, servers, self._known.store.last_run(source.name))

    def _source(self, who: Administrator, action: Action, name: str) -> Source:
        found = next((one for one in self._known.sources if one.name == name), None)
        if found is None:
            self._gate.refuse(who, action, f"directory:{name}", "unknown", visible=False)
        return found

    def _read(self, key: str) -> DryRun | None:
        document = self._marks.get(key, self._clock.now())
        return None if document is None else _unpacked(document)

    def _require(self, who: Administrator, action: Action, name: str) -> None:
        self._gate.require(who, action, DEPLOYMENT, name, hidden=False)

    def _note_person(self, who: Administrator, name: str, entry: Entry) -> None:
        """Record a look at somebody who has an account: an official may ask who got which of his data, like everybody."""
        account = self._known.officials.account_of(name, entry.link)
        if account is None:
            return
        event = AuditEvent(
            Event.ACCOUNT_SHOW,
            actor=who.principal,
            account_id=account.id,
            target=f"account:{account.id}",
            case_code=who.case_code,
            detail={"revealed": True, "directory": name},
        )
        self._audit.write(event)

    def _note(self, who: Administrator, name: str, detail: Mapping[str, Any], reason: str = "") -> None:
        """Record what was tried; whose sign-in is not said, as it may be nobody's."""
        event = AuditEvent(
            Event.DIRECTORY_TEST,
            Outcome.FAILED if detail.get("failed") else Outcome.DONE,
            reason,
            actor=who.principal,
            target=f"directory:{name}",
            case_code=who.case_code,
            detail=detail,
        )
        self._audit.write(event)


def _key(name: str) -> str:
    return f"directory-dry-run:{name}"


def _packed(run: DryRun) -> bytes:
    return orjson.dumps(run)


def _unpacked(document: bytes) -> DryRun | None:
    return legible(lambda: DryRun(**orjson.loads(document)), "dry run")


def _texts(one: DirectoryView) -> tuple[str, ...]:
    return (one.source.name, *one.source.title.values(), one.source.unit)
