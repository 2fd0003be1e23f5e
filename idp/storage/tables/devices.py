"""Browsers in which people have signed in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

known_devices = Table(
    "known_devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("origin", LargeBinary, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("sure_at", BigInteger, nullable=False, server_default="0"),
    Index("uq_known_devices_digest", "account_id", "digest", unique=True),
    Index("ix_known_devices_last_seen_at", "last_seen_at"),
)
"""One row a browser and account. The digest covers both, so two people's rows of one browser do not show that they share it.

``sure_at`` is when the person was there last with two factors, 0 for never.
"""
