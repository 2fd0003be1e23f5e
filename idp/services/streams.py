"""Streams of security signals: what a department may ask of one, and the only writer of them (OpenID Shared Signals Framework 1.0 section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from clients.uris import web_fault
from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, InvalidInput, NotFound, Throttled
from idp.model.audit import AuditEvent, AuditRecord, Event, Outcome
from idp.model.signal import POLL, PUSH, QueuedSignal, Stream, StreamStatus
from idp.ports.signals import SignalStore
from idp.services.audit import AuditLog
from policies.signals import EVENT_TYPES, STREAM_UPDATED, VERIFICATION

VERIFICATION_INTERVAL: Final = 60
"""Seconds between two verifications of a stream."""
MOST_STREAMS: Final = 4
"""Of one department."""
MOST_TYPES: Final = 64
"""Event types that a receiver may name for one stream."""
_LONGEST: Final = 500
_RECEIVERS: Final = frozenset({"events_requested", "delivery", "description"})
"""What a receiver may say of its stream; what we add may come back from it, as we said it (section 8.1.1.3)."""


class StreamService:
    """Adds, changes and removes the streams of departments; another department's stream is not found."""

    def __init__(self, store: SignalStore, audit: AuditLog, clock: Clock, actor: str = "") -> None:
        """Take collaborators; ``actor`` is who acts where it is not the department itself."""
        self._actor = actor
        self._store = store
        self._audit = audit
        self._clock = clock

    def of_client(self, client_id: str) -> list[Stream]:
        """Return the department's streams."""
        return self._store.streams(client_id)

    def get(self, client_id: str, stream_id: object) -> Stream:
        """Return a stream of the department; raises ``NotFound``."""
        stream = self._store.stream(str(stream_id)) if handles.is_id(stream_id) else None
        if stream is None or stream.client_id != client_id:
            raise _unknown()
        return stream

    def add(self, client_id: str, asked: Mapping[str, Any], case_code: str, *, stream_id: str = "") -> Stream:
        """Add a stream; raises ``InvalidInput`` that names the field, ``Conflict`` for one too many.

        ``stream_id`` is the id that it had where a configuration was exported; one that is none of ours, or is taken, gives way to a new one.
        """
        if len(self._store.streams(client_id)) >= MOST_STREAMS:
            raise Conflict(f"a department has at most {MOST_STREAMS} streams", field="stream_id")
        is_free = handles.is_id(stream_id) and self._store.stream(stream_id) is None
        bare = Stream(stream_id if is_free else handles.new_id(), client_id, POLL, (), created_at=self._clock.now())
        stream = _laid_over(bare, {"events_requested": list(EVENT_TYPES), "delivery": {"method": POLL}, **asked})
        self._store.add(stream, self._record(stream, stream.status.value, case_code))
        return stream

    def change(self, client_id: str, asked: Mapping[str, Any], case_code: str, *, whole: bool) -> Stream:
        """Change what is named, or with ``whole`` replace all; raises ``InvalidInput``, ``NotFound``."""
        stream = self.get(client_id, asked.get("stream_id"))
        base: dict[str, Any] = (
            {"events_requested": [], "delivery": {"method": POLL}, "description": ""} if whole else {}
        )
        changed = _laid_over(stream, {**base, **asked})
        if not self._store.change(changed, self._record(changed, changed.status.value, case_code)):
            raise _unknown()
        return changed

    def set_status(self, client_id: str, asked: Mapping[str, Any], case_code: str) -> Stream:
        """Enable, pause or disable a stream (section 8.1.2.2); raises ``InvalidInput``, ``NotFound``."""
        stream = self.get(client_id, asked.get("stream_id"))
        status = asked.get("status")
        if not isinstance(status, str) or status not in set(StreamStatus):
            raise InvalidInput(f"must be one of {', '.join(StreamStatus)}", field="status")
        changed = replace(stream, status=StreamStatus(status), reason=_text(asked, "reason"))
        if not self._store.set_status(changed, self._record(changed, status, case_code)):
            raise _unknown()
        return changed

    def pause(self, stream: Stream, problem: str) -> QueuedSignal | None:
        """Pause a claimed stream whose receiver has been out of reach for days; ``problem`` is a reason id.

        Returns the signal that tells its owner of it (section 8.1.5), which waits in the stream; None where the owner changed the stream meanwhile.
        """
        event = AuditEvent(
            Event.SIGNAL_STREAM, Outcome.FAILED, problem, client_id=stream.client_id, target=f"stream:{stream.id}"
        )
        said = {"status": StreamStatus.PAUSED.value, "reason": problem}
        subject = {"format": "opaque", "id": stream.id}
        told = QueuedSignal(handles.new_id(), stream.id, subject, {STREAM_UPDATED: said}, self._clock.now())
        return told if self._store.pause(stream, problem, told, self._audit.record(event)) else None

    def remove(self, client_id: str, stream_id: str, case_code: str) -> None:
        """Remove a stream and all that waits in it; raises ``NotFound``."""
        stream = self.get(client_id, stream_id)
        if not self._store.drop(stream.id, self._record(stream, "removed", case_code)):
            raise _unknown()

    def taken(self, stream_id: str, signal_ids: Sequence[str], refused: Iterable[str] = ()) -> None:
        """Take away what a department has heard, and what it ``refused``, by which nothing was told."""
        if signal_ids:
            self._store.done(stream_id, signal_ids, self._clock.now())
        if unheard := tuple(refused):
            self._store.done(stream_id, unheard)

    def verify(self, client_id: str, asked: Mapping[str, Any]) -> None:
        """Queue a verification with the receiver's ``state`` (section 8.1.4), unless the stream is disabled.

        Raises ``Throttled``, ``InvalidInput``, ``NotFound``.
        """
        stream, now = self.get(client_id, asked.get("stream_id")), self._clock.now()
        state = {"state": _text(asked, "state")} if "state" in asked else {}
        if stream.status is StreamStatus.DISABLED:
            # Section 8.1.2.1: such a stream drops what would be sent over it, a verification as well as any other event.
            return
        wait = stream.verified_at + VERIFICATION_INTERVAL - now
        if wait > 0:
            raise Throttled("the last verification was a moment ago", retry_after=wait)
        subject = {"format": "opaque", "id": stream.id}
        if not self._store.note_verified(stream, now):
            self.get(client_id, stream.id)
            raise Throttled("another verification was asked for at the same time", retry_after=VERIFICATION_INTERVAL)
        try:
            self._store.queue(QueuedSignal(handles.new_id(), stream.id, subject, {VERIFICATION: state}, now))
        except Conflict as error:
            # The row that the signal refers to has gone meanwhile.
            raise _unknown() from error

    def _record(self, stream: Stream, reason: str, case_code: str) -> AuditRecord:
        return self._audit.record(
            AuditEvent(
                Event.SIGNAL_STREAM,
                reason=reason,
                actor=self._actor or f"client:{stream.client_id}",
                client_id=stream.client_id,
                target=f"stream:{stream.id}",
                case_code=case_code,
                detail={"method": stream.method, "events": len(stream.events)},
            )
        )


def _unknown() -> NotFound:
    return NotFound("the department has no such stream", field="stream_id")


def _laid_over(stream: Stream, asked: Mapping[str, Any]) -> Stream:
    """Return the stream with what the receiver asks for; what only we say is passed over."""
    said = {name: asked[name] for name in _RECEIVERS & asked.keys()}
    if "events_requested" in said:
        stream = replace(stream, events=_events(said["events_requested"]))
    if "description" in said:
        stream = replace(stream, description=_text(said, "description"))
    return _delivered(stream, said["delivery"]) if "delivery" in said else stream


def _events(asked: object) -> tuple[str, ...]:
    """Return what a receiver asks for, once each; types that we do not have are kept, and nothing is told by them (section 8.1.1)."""
    if not isinstance(asked, list) or not all(isinstance(one, str) and 0 < len(one) <= _LONGEST for one in asked):
        raise InvalidInput(f"must be a list of event types of at most {_LONGEST} characters", field="events_requested")
    types = tuple(dict.fromkeys(asked))
    if len(types) > MOST_TYPES or not all(one.isascii() and one.isprintable() for one in types):
        raise InvalidInput(f"must be at most {MOST_TYPES} URIs", field="events_requested")
    return types


def _delivered(stream: Stream, delivery: object) -> Stream:
    """Return the stream with its way of delivery (section 6.1); the address of a poll is ours to say."""
    method = delivery.get("method") if isinstance(delivery, Mapping) else None
    if not isinstance(delivery, Mapping) or not isinstance(method, str) or method not in {PUSH, POLL}:
        raise InvalidInput(f"method must be {PUSH} or {POLL}", field="delivery")
    if method == POLL:
        return replace(stream, method=POLL, url="", authorization="")
    url, header = delivery.get("endpoint_url"), delivery.get("authorization_header", "")
    if not isinstance(url, str) or web_fault(url) is not None:
        raise InvalidInput("endpoint_url must be an https address", field="delivery")
    if not isinstance(header, str) or not header.isprintable() or not header.isascii() or len(header) > _LONGEST:
        raise InvalidInput(
            f"authorization_header must be at most {_LONGEST} printable ASCII characters", field="delivery"
        )
    return replace(stream, method=PUSH, url=url, authorization=header)


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise InvalidInput(f"must be a text of at most {_LONGEST} characters", field=name)
    return value
