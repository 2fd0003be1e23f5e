"""Locks of accounts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

account_locks = Table(
    "account_locks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("locked_by", Text, nullable=False),
    Column("locked_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
    Column("end_reason", Text),
    PartialIndex("uq_account_locks_live", "account_id", "reason_code", unique=True, where="ended_at IS NULL"),
    PartialIndex("ix_account_locks_ends_at", "ends_at", where="ended_at IS NULL"),
    Index("ix_account_locks_account_id", "account_id"),
)
"""One row a lock and its ground (Decree 69/2024 article 15); an ended row stays as the proof."""
