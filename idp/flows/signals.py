"""From the audit log into the streams, and from the streams to who wants them pushed.

Reading the log means that no act waits for its signals, and none is forgotten: the position in the log moves in the transaction that queues
what was found there.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from clients.model import Client
from idp import handles
from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event, Outcome
from idp.model.signal import PUSH, QueuedSignal, Stream, StreamStatus
from idp.ports.fetcher import Fetcher
from idp.ports.sessions import SessionStore
from idp.ports.signals import SignalStore
from idp.services.audit import AuditLog
from idp.services.sids import SessionIds
from idp.services.streams import StreamService
from idp.services.subjects import SubjectService, sector_of
from policies.signals import Act, Reach, Signal, signal_of

_log = logging.getLogger("idp.signals")

BATCH: Final = 500
"""Audit records that are looked at in one transaction."""
KEPT: Final = 7 * 86400
"""Seconds for which a signal waits to be fetched."""
LEASE: Final = 120
"""Seconds for which a worker has a stream to itself; it begins no push in the second half, so that the last one ends in time."""
_PAUSES: Final = (1, 5, 30, 120, 600, 3600, 7200, 14400, 28800, 43200)
_PUSHED_AT_ONCE: Final = 20
_ACCEPTED: Final = 202
_REFUSED: Final = 400
_SET: Final = "application/secevent+jwt"

Row = Mapping[str, Any]
Numbered = Callable[[int, int], Sequence[Row]]
"""Takes the number of an audit record and a limit, and returns those that follow and are surely all there, by number."""

SignSet = Callable[[Client, QueuedSignal], str]
"""Returns the signed security event token of a signal for a department."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is asked about who is known where."""

    subjects: SubjectService
    sessions: SessionStore
    sids: SessionIds
    find_client: Callable[[str], Client | None]
    issuer: str


class FanOut:
    """Turns acts of the audit log into signals of the streams."""

    def __init__(
        self, store: SignalStore, numbered: Numbered, end: Callable[[], int], known: Known, clock: Clock
    ) -> None:
        """Take collaborators; ``end`` returns the number of the last record that is surely there."""
        self._store = store
        self._numbered = numbered
        self._end = end
        self._known = known
        self._clock = clock

    def run(self) -> int:
        """Queue what happened since the last time; returns how many signals were queued. Of several processes one does the work."""
        # The end of the log comes before the streams, and a batch before who hears it: a stream that is added in between misses nothing.
        end = self._end()
        position, queued = self._store.position(), 0
        if not self._listening():
            # Nobody listens: who begins to tomorrow hears what happens from then on.
            if end > position:
                self._store.fan_out(position, end, ())
            return 0
        while rows := self._numbered(position, BATCH):
            streams = self._listening()
            signals = [one for row in rows for one in self._signals(row, streams)]
            last = int(rows[-1]["seq"])
            if not self._store.fan_out(position, last, signals):
                break
            position, queued = last, queued + len(signals)
        return queued

    def _listening(self) -> list[Stream]:
        return [one for one in self._store.streams() if one.status is not StreamStatus.DISABLED]

    def _signals(self, row: Row, streams: Sequence[Stream]) -> Iterator[QueuedSignal]:
        if row["outcome"] != Outcome.DONE.value:
            return
        detail = orjson.loads(row["detail"])
        signal = signal_of(Act(row["event"], row["reason"], row["actor"], row["account_id"], detail))
        if signal is None:
            return
        at = int(row["at_us"]) // 1_000_000
        # One name of the act for each department: by a shared one two of them could tell that they know the same person.
        acts: defaultdict[str, str] = defaultdict(handles.new_id)
        for stream in streams:
            client = self._known.find_client(stream.client_id)
            if signal.type not in stream.events or client is None or not client.is_active or at < stream.created_at:
                continue
            if row["account_id"] is not None and self._store.is_silenced(stream.id, row["account_id"]):
                continue
            for subject, more in self._told(signal, row, client):
                events = {signal.type: {"event_timestamp": at, **signal.said, **more}}
                cause = str(detail.get("withdrawal", ""))
                now, txn = self._clock.now(), acts[stream.client_id]
                yield QueuedSignal(handles.new_id(), stream.id, subject, events, now, cause, txn)

    def _told(self, signal: Signal, row: Row, client: Client) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Return whom the signal is about, and what is said of each beside: after a merge of every name that is none any more."""
        if signal.reach is Reach.MERGED:
            now = self._known.subjects.known(row["account_id"], client)
            for alias in self._known.subjects.aliases(row["account_id"], client):
                yield self._person(alias), {"new-value": now}
            return
        subject = self._subject(signal, row, client)
        if subject is not None:
            yield subject, {}

    def _subject(self, signal: Signal, row: Row, client: Client) -> dict[str, Any] | None:
        """Return whom the signal is about in the department's own terms (RFC 9493); None where it is none of its business."""
        if signal.reach is Reach.CLIENT:
            is_own = row["client_id"] == client.client_id
            return {"format": "opaque", "id": str(signal.said.get("from", ""))} if is_own else None
        account_id = row["account_id"]
        if account_id is None or (signal.reach is Reach.PERSON_AT_CLIENT and row["client_id"] != client.client_id):
            return None
        if signal.reach is Reach.SESSION:
            return self._session(row["session_id"], client)
        sub = self._known.subjects.known(account_id, client)
        return self._person(sub) if sub is not None else None

    def _session(self, session_id: str | None, client: Client) -> dict[str, Any] | None:
        if session_id is None:
            return None
        found = (one for one in self._known.sessions.clients_of(session_id) if one.client_id == client.client_id)
        one = next(found, None)
        if one is None:
            return None
        sid = self._known.sids.sid(session_id, sector_of(client))
        return {"format": "complex", "user": self._person(one.sub), "session": {"format": "opaque", "id": sid}}

    def _person(self, sub: str) -> dict[str, Any]:
        return {"format": "iss_sub", "iss": self._known.issuer, "sub": sub}


class Pusher:
    """Posts waiting signals to the streams that want them pushed (RFC 8935), one stream after the other, each in order."""

    def __init__(
        self,
        store: SignalStore,
        streams: StreamService,
        find_client: Callable[[str], Client | None],
        sign: SignSet,
        fetcher: Fetcher,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        """Take collaborators."""
        self._store = store
        self._streams = streams
        self._find_client = find_client
        self._sign = sign
        self._fetcher = fetcher
        self._audit = audit
        self._clock = clock

    def run(self) -> int:
        """Push what is due; returns how many signals were taken."""
        now = self._clock.now()
        due = (one for one in self._store.streams() if one.method == PUSH and one.status is StreamStatus.ENABLED)
        taken = sum(self._stream(stream) for stream in due if stream.next_at <= now)
        self._store.purge(now - KEPT)
        return taken

    def _stream(self, stream: Stream) -> int:
        client = self._find_client(stream.client_id)
        if client is None or not client.is_active or not self._store.waiting(stream.id, 1):
            return 0
        claimed = self._claimed(stream)
        return self._push_all(claimed, client) if claimed is not None else 0

    def _claimed(self, stream: Stream) -> Stream | None:
        """Return the stream as it is now that nobody else pushes it, None where somebody does or where it is not to be pushed any more."""
        until = self._clock.now() + LEASE
        if not self._store.claim(stream, until):
            return None
        now = self._store.stream(stream.id)
        return now if now is not None and now.method == PUSH and now.next_at == until else None

    def _push_all(self, stream: Stream, client: Client) -> int:
        taken = 0
        for signal in self._store.waiting(stream.id, _PUSHED_AT_ONCE):
            if self._clock.now() > stream.next_at - LEASE // 2:
                break
            problem = self._pushed(stream, client, signal)
            if problem:
                self._later(stream, client, problem)
                return taken
            self._streams.taken(stream.id, (signal.id,))
            taken += 1
        self._store.note_push(stream, 0, 0)
        return taken

    def _pushed(self, stream: Stream, client: Client, signal: QueuedSignal) -> str:
        """Return why the signal was not taken, "" where it was, or where it was refused for good, which is recorded."""
        token = self._sign(client, signal).encode()
        try:
            answer = self._fetcher.post(stream.url, token, _SET, authorization=stream.authorization)
        except DomainError as error:
            return error.code
        if answer.status == _REFUSED:
            # RFC 8935 section 2.3: the receiver understood and does not want this one; again would be the same.
            self._audit.write(_delivery(stream, signal, Outcome.FAILED, "refused_by_receiver"))
            self._store.done(stream.id, (signal.id,))
            return ""
        return "" if answer.status == _ACCEPTED else f"http_{answer.status}"

    def _later(self, stream: Stream, client: Client, problem: str) -> None:
        """Try again with growing pauses; a receiver that is gone for days is paused, and nothing of its is lost meanwhile.

        That it is paused is the last that is pushed to it (SSF section 8.1.5); not taken, it waits with the rest until the stream goes on.
        """
        _log.info("stream %s: push failed: %s", stream.id, problem)
        if stream.attempts >= len(_PAUSES):
            told = self._streams.pause(stream, problem)
            if told is not None and not self._pushed(stream, client, told):
                self._streams.taken(stream.id, (told.id,))
            return
        pause = _PAUSES[stream.attempts]
        self._store.note_push(stream, stream.attempts + 1, self._clock.now() + pause)


def _delivery(stream: Stream, signal: QueuedSignal, outcome: Outcome, reason: str) -> AuditEvent:
    return AuditEvent(
        Event.SIGNAL_DELIVER,
        outcome,
        reason,
        client_id=stream.client_id,
        target=f"stream:{stream.id}",
        detail={"signal": signal.id},
    )
