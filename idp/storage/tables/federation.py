"""Our part of a federation: its signing keys, whom we vouch for, and the trust marks that we issued."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

federation_keys = Table(
    "federation_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
)
"""Keys that sign entity statements: another table than ``signing_keys``, so that no token can be signed with one of them by mistake."""

federation_subordinates = Table(
    "federation_subordinates",
    metadata,
    Column("superior", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""Whom the province (``superior`` empty) or one of its units vouches for."""

federation_trust_marks = Table(
    "federation_trust_marks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mark_type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("ix_federation_trust_marks_type", "mark_type", "subject"),
)
"""Trust marks; the mark itself is signed anew from its row whenever somebody asks for it."""
