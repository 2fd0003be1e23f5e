"""The proof of the audit log for administrators: how the tree and its witnesses stand, and bundles that an outsider verifies without us."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from idp.clock import Clock
from idp.errors import InvalidInput
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.audit import AuditAdministration, AuditSearch
from idp.flows.administration.gate import Gate
from idp.flows.administration.paging import MOST, Page, Window, window
from idp.model.audit import AuditEvent, Event
from idp.ports.audit_heads import AuditHeadStore
from idp.services.audit import AuditLog
from idp.services.audit_bundle import AuditBundles
from idp.services.audit_heads import AuditHeads
from idp.services.audit_witnesses import KnownWitness
from keys.log_heads import Head
from policies.delegation import DEPLOYMENT, Action

MOST_NUMBERS: Final = 200_000
"""Records of one bundle, or of one file of records; who needs more takes several."""


@dataclass(frozen=True, slots=True)
class WitnessState:
    """A witness of the settings, and the size of the last head that it signed; 0 for none."""

    name: str
    url: str
    size: int


@dataclass(frozen=True, slots=True)
class LogState:
    """How many records have their leaf, the newest signed head (None before the first), the log's keys, and its witnesses."""

    origin: str
    size: int
    head: Head | None
    keys: tuple[str, ...]
    witnesses: tuple[WitnessState, ...]


@dataclass(frozen=True, slots=True)
class Keepers:
    """What keeps the proof."""

    heads: AuditHeads
    store: AuditHeadStore
    bundles: AuditBundles
    witnesses: Callable[[], Iterable[KnownWitness]]


class AuditProofs:
    """Shows and exports; what concerns the log as a whole takes a grant over the whole deployment."""

    def __init__(
        self, gate: Gate, search: AuditAdministration, keepers: Keepers, audit: AuditLog, clock: Clock
    ) -> None:
        """Take collaborators."""
        self._gate = gate
        self._search = search
        self._keepers = keepers
        self._audit = audit
        self._clock = clock

    def state(self, who: Administrator) -> LogState:
        """Return how the log stands."""
        self._gate.require(who, Action.AUDIT_READ, DEPLOYMENT, "audit:heads", hidden=False)
        heads, signed = self._keepers.heads, self._keepers.store.cosigned()
        witnesses = tuple(
            WitnessState(one.name, one.url, max((signed[kid] for kid in one.keys if kid in signed), default=0))
            for one in self._keepers.witnesses()
        )
        keys = tuple(f"{key.alg} {key.kid}" for key in self._keepers.store.all_keys() if key.retired_at is None)
        return LogState(heads.origin, heads.tree.size(), heads.newest(), keys, witnesses)

    def waiting(self, who: Administrator) -> int:
        """Return how many records are in the tree and in no signed head yet."""
        self._gate.require(who, Action.AUDIT_READ, DEPLOYMENT, "audit:heads", hidden=False)
        head = self._keepers.heads.newest()
        return self._keepers.heads.tree.size() - (head.size if head is not None else 0)

    def bundle(
        self, who: Administrator, reason: str, *, first: int | None = None, last: int | None = None, personal: bool
    ) -> Iterator[bytes]:
        """Return a bundle's lines, made while they leave; recorded before the first.

        Raises ``NotFound`` before the first signed head, ``InvalidInput`` for a range that is none or has more than ``MOST_NUMBERS`` records.
        """
        self._gate.require(who, Action.AUDIT_EXPORT, DEPLOYMENT, "audit:bundle", hidden=False)
        span = self._keepers.bundles.span(first, last, personal=personal)
        if span.last - span.first >= MOST_NUMBERS:
            raise InvalidInput(f"at most {MOST_NUMBERS} records in one bundle: name first and last", field="last")
        detail = {"bundle": True, "personal": personal, "first": span.first, "last": span.last}
        self._note(who, reason, detail)
        return self._keepers.bundles.lines(span, self._clock.now())

    def records(self, who: Administrator, wanted: AuditSearch, reason: str) -> Iterator[bytes]:
        """Return the records of a search as JSON lines, newest first, made while they leave; recorded before the first.

        After ``MOST_NUMBERS`` a last line has ``more``, the cursor that leads on.
        """
        found = self._search.search(who, wanted, Window("", MOST), action=Action.AUDIT_EXPORT)
        self._note(who, reason, {"bundle": False, "event": wanted.event, "outcome": wanted.outcome})
        return self._lines(who, wanted, found)

    def _lines(self, who: Administrator, wanted: AuditSearch, found: Page[dict[str, object]]) -> Iterator[bytes]:
        written = 0
        while True:
            for row in found.rows:
                yield orjson.dumps(row) + b"\n"
            written += len(found.rows)
            if not found.following:
                return
            if written >= MOST_NUMBERS:
                yield orjson.dumps({"more": found.following}) + b"\n"
                return
            after = Window(window(found.following).after, MOST)
            found = self._search.search(who, wanted, after, action=Action.AUDIT_EXPORT)

    def _note(self, who: Administrator, reason: str, detail: Mapping[str, object]) -> None:
        event = AuditEvent(
            Event.AUDIT_EXPORT,
            reason=reason,
            actor=who.principal,
            target="audit",
            case_code=who.case_code,
            detail={name: value for name, value in detail.items() if value != ""},
        )
        self._audit.write(event)
