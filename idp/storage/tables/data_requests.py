"""Requests of people about their data."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

data_requests = Table(
    "data_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("take_by", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("taken_at", BigInteger),
    Column("taken_by", Text, nullable=False),
    Column("extension_reason", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", Text, nullable=False),
    Column("answer", LargeBinary),
    Column("warned_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Index("uq_data_requests_number", "number", unique=True),
    Index("ix_data_requests_account_id", "account_id"),
    Index("ix_data_requests_next_at", "state", "next_at", "id"),
)
"""``text`` and ``answer`` are sealed (AAD: the request's id). ``next_at`` is the clock that ends next, kept for the order of the list."""
