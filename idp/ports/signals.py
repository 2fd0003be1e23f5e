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

    def add(self, stream: Stream, record: AuditRecord) -> None:
        """Add a stream."""
        ...

    def change(self, stream: Stream, record: AuditRecord) -> bool:
        """Write what its owner says of a stream (events, description, delivery), to be pushed anew; its status stays as it is.

        False, and nothing recorded, when it was removed meanwhile. So with ``set_status`` and ``pause``.
        """
        ...

    def set_status(self, stream: Stream, record: AuditRecord) -> bool:
        """Write a stream's ``status`` and ``reason`` as its owner wants it; one that is disabled loses what waits."""
        ...

    def pause(self, stream: Stream, reason: str, told: QueuedSignal, record: AuditRecord) -> bool:
        """Pause an enabled stream that is still pushed to where it was, by the one who has claimed it, and queue ``told`` in it."""
        ...

    def drop(self, stream_id: str, record: AuditRecord) -> bool:
        """Remove a stream with all that waits in it; tell whether there was one (nothing is recorded otherwise)."""
        ...

    def silence(self, stream_id: str, account_id: str, record: AuditRecord) -> None:
        """Tell of an account by this stream no more; repeating it changes nothing, and is recorded."""
        ...

    def unsilence(self, stream_id: str, account_id: str, record: AuditRecord) -> None:
        """Tell of an account by this stream again; repeating it changes nothing, and is recorded."""
        ...

    def is_silenced(self, stream_id: str, account_id: str) -> bool:
        """Tell whether an account was taken out of a stream."""
        ...

    def claim(self, stream: Stream, until: int) -> bool:
        """Put off an enabled stream's next push to a moment, unless somebody else did: of many workers one pushes until then."""
        ...

    def note_push(self, stream: Stream, attempts: int, next_at: int) -> bool:
        """Write how the push of a claimed stream went; False when the stream was changed, removed or claimed anew meanwhile."""
        ...

    def note_verified(self, stream: Stream, now: int) -> bool:
        """Write that a verification is asked for now; False when another was meanwhile, or the stream was removed."""
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

    def done(self, stream_id: str, signal_ids: Sequence[str], heard_at: int | None = None) -> int:
        """Take away what the department has; ids of other streams are passed over. Returns how many there were.

        With ``heard_at`` it heard what they say: the withdrawals behind them count as told then.
        """
        ...

    def purge(self, before: int) -> int:
        """Take away what has waited since before a moment; returns how many."""
        ...
