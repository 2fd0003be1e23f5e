"""Where streams of security signals and what waits in them are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from idp.model.audit import AuditRecord
from idp.model.signal import QueuedSignal, Stream


class SignalStore(Protocol):
    """Streams and their queues. A signal is kept until the department has it; every change of a stream comes with its audit record."""

    def streams(self, client_id: str | None = None) -> list[Stream]:
        """Return the streams of a client, or all, by id."""
        ...

    def stream(self, stream_id: str) -> Stream | None:
        """Return one."""
        ...

    def put(self, stream: Stream, record: AuditRecord) -> None:
        """Add or replace a stream as its owner or an operator wants it; one that is disabled loses what waits."""
        ...

    def drop(self, stream_id: str, record: AuditRecord) -> bool:
        """Remove a stream with all that waits in it; tell whether there was one (nothing is recorded otherwise)."""
        ...

    def note(self, stream: Stream) -> None:
        """Write how the last push went (``attempts``, ``next_at``) and when a verification was last asked for."""
        ...

    def position(self) -> int:
        """Return the number of the last audit record that was told."""
        ...

    def fan_out(self, before: int, after: int, signals: Sequence[QueuedSignal]) -> bool:
        """Queue signals and move the position, in one transaction; False when another process moved it first."""
        ...

    def queue(self, signal: QueuedSignal) -> None:
        """Queue one signal that no audit record caused."""
        ...

    def waiting(self, stream_id: str, limit: int) -> list[QueuedSignal]:
        """Return what waits in a stream, oldest first."""
        ...

    def done(self, stream_id: str, signal_ids: Sequence[str]) -> int:
        """Take away what the department has; ids of other streams are passed over. Returns how many there were."""
        ...

    def purge(self, before: int) -> int:
        """Take away what has waited since before a moment; returns how many."""
        ...
