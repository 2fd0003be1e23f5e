"""The audit log and the outbox: class A, written in the transaction of the act that they speak of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from idp.storage.tables.base import metadata

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("case_code", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("account_id", Text),
    Column("client_id", Text),
    Column("session_id", Text),
    Column("target", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("mac", LargeBinary, nullable=False),
    Column("seq", BigInteger),
    Column("chain", LargeBinary),
    Index(
        "uq_audit_events_seq",
        "seq",
        unique=True,
        sqlite_where=text("seq IS NOT NULL"),
        postgresql_where=text("seq IS NOT NULL"),
    ),
    Index(
        "ix_audit_events_unsequenced",
        "id",
        sqlite_where=text("seq IS NULL"),
        postgresql_where=text("seq IS NULL"),
    ),
    Index(
        "ix_audit_events_account_id",
        "account_id",
        "id",
        sqlite_where=text("account_id IS NOT NULL"),
        postgresql_where=text("account_id IS NOT NULL"),
    ),
)
"""Append-only. ``mac`` binds a row's content; ``seq`` and ``chain`` are given afterwards by the one sequencer."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Index(
        "ix_outbox_due",
        "next_attempt_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_outbox_done",
        "done_at",
        sqlite_where=text("done_at IS NOT NULL"),
        postgresql_where=text("done_at IS NOT NULL"),
    ),
)
"""Messages that must reach somebody (back-channel logout, mail, SMS): ``waiting``, ``sent`` or ``failed``.

``payload`` is sealed, and empty once the message has ended. ``client_id`` is empty for a message to a person.
"""
