"""What stands beside the audit log's records and tree: keys, signed heads, signatures of witnesses, archived segments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

audit_keys = Table(
    "audit_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    PartialIndex("uq_audit_keys_live", "alg", unique=True, where="retired_at IS NULL"),
)
"""Keys that sign heads: one that signs for each algorithm. A retired one has lost its private part, and stays published for old heads."""

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""Heads that we signed and published; each is a JWS in JSON."""

audit_cosignatures = Table(
    "audit_cosignatures",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""Signatures of witnesses over the head of this size."""

audit_segments = Table(
    "audit_segments",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("newest_us", BigInteger, nullable=False),
    Column("archived_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
)
"""Records that were moved out of the database into a file, numbers ``first`` to ``last``; ``removed_at`` once the file's time was over."""
