"""Stores of the parts of a configuration that collect what would be written, over what is stored: the services check, and nothing is written."""

from __future__ import annotations

from idp.model.audit import AuditRecord
from idp.model.initial_token import InitialToken
from idp.model.signal import Stream
from idp.ports.configuration import MarkWrite, PartWrite, StreamWrite, SubordinateWrite, TokenEnd
from idp.ports.federation import FederationStore, IssuedMark, Subordinate
from idp.ports.initial_tokens import InitialTokenStore
from idp.ports.signals import SignalStore

Writes = list[PartWrite]


class StagedFederation:
    """``ports.federation.FederationStore`` as far as its members' writer needs it."""

    def __init__(self, stored: FederationStore, writes: Writes) -> None:
        """Take what is stored and where the writes go."""
        self._stored = stored
        self._writes = writes

    def put(self, subordinate: Subordinate, record: AuditRecord) -> None:
        """Take in."""
        self._writes.append(SubordinateWrite(subordinate, record))

    def drop(self, superior: str, entity_id: str, record: AuditRecord) -> bool:
        """Take out."""
        known = self._stored.subordinate(superior, entity_id)
        if known is not None:
            self._writes.append(SubordinateWrite(known, record, is_end=True))
        return known is not None

    def issue(self, mark: IssuedMark, record: AuditRecord) -> None:
        """Take in."""
        self._writes.append(MarkWrite(mark, record))

    def revoke(self, mark_id: str, now: int, record: AuditRecord) -> bool:  # noqa: ARG002 - the port's
        """End."""
        known = self._stored.mark(mark_id)
        if known is not None:
            self._writes.append(MarkWrite(known, record, is_end=True))
        return known is not None


class StagedStreams:
    """``ports.signals.SignalStore`` as far as the streams' writer needs it."""

    def __init__(self, stored: SignalStore, writes: Writes) -> None:
        """Take what is stored and where the writes go."""
        self._streams = {one.id: one for one in stored.streams(None)}
        self._writes = writes

    def streams(self, client_id: str | None = None) -> list[Stream]:
        """Return the streams of a client, or all."""
        return [one for one in self._streams.values() if client_id in {None, one.client_id}]

    def stream(self, stream_id: str) -> Stream | None:
        """Return one."""
        return self._streams.get(stream_id)

    def add(self, stream: Stream, record: AuditRecord) -> None:
        """Take in."""
        self._write("add", stream, record)

    def change(self, stream: Stream, record: AuditRecord) -> bool:
        """Change."""
        return self._write("change", stream, record)

    def set_status(self, stream: Stream, record: AuditRecord) -> bool:
        """Change the status."""
        return self._write("status", stream, record)

    def drop(self, stream_id: str, record: AuditRecord) -> bool:
        """Take out."""
        return self._write("drop", self._streams[stream_id], record)

    def _write(self, act: str, stream: Stream, record: AuditRecord) -> bool:
        self._streams[stream.id] = stream
        self._writes.append(StreamWrite(act, stream, record))
        return True


class StagedTokens:
    """``ports.initial_tokens.InitialTokenStore`` as far as a revocation needs it."""

    def __init__(self, stored: InitialTokenStore, writes: Writes) -> None:
        """Take what is stored and where the writes go."""
        self._stored = stored
        self._writes = writes

    def all(self) -> list[InitialToken]:
        """Return every token."""
        return self._stored.all()

    def revoke(self, token_id: str, now: int, record: AuditRecord) -> bool:  # noqa: ARG002 - the port's
        """End."""
        self._writes.append(TokenEnd(token_id, record))
        return True
