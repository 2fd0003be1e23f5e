"""Recoveries of accounts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

recoveries = Table(
    "recoveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("code", LargeBinary, nullable=False),
    Column("cancel", LargeBinary, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ready_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("ended_by", Text),
    Column("end_reason", Text),
    PartialIndex("uq_recoveries_live", "account_id", unique=True, where="ended_at IS NULL"),
    Index("ix_recoveries_account_id", "account_id"),
)
"""How an account came back to its person; an ended row stays as the proof. ``end_reason`` is ``done`` where it did."""
