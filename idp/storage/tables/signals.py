"""Streams of security signals and their queues."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

signal_streams = Table(
    "signal_streams",
    metadata,
    Column("id", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("authorization", LargeBinary),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("verified_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Index("ix_signal_streams_client_id", "client_id"),
)
"""A department's stream; ``authorization`` is sealed (AAD: the stream's id)."""

signal_queue = Table(
    "signal_queue",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stream_id", Text, ForeignKey("signal_streams.id"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("cause", Text, nullable=False, server_default=""),
    Index("ix_signal_queue_stream_id", "stream_id", "id"),
)
"""What waits: subject and events, sealed (AAD: the signal's id). Taken away once the department has it.

``cause`` is the withdrawal that it tells of, "" for any other signal.
"""

signal_silences = Table(
    "signal_silences",
    metadata,
    Column("stream_id", Text, ForeignKey("signal_streams.id"), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
)
"""People of whom a department wants to hear nothing by a stream."""
