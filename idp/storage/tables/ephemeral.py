"""What may be lost and then fails closed: pending requests, single-use marks, counters. Used when no Redis is configured."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

transactions = Table(
    "transactions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_transactions_expires_at", "expires_at"),
)
"""Pending authorization requests and the like, as sealed documents."""

single_use = Table(
    "single_use",
    metadata,
    Column("key", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_single_use_expires_at", "expires_at"),
)
"""Marks of what was used once (a ``jti``, a nonce)."""

counters = Table(
    "counters",
    metadata,
    Column("key", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_counters_expires_at", "expires_at"),
)
"""Windowed counters for throttling."""
