"""Who administers what, and acts that wait for a second person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

admin_grants = Table(
    "admin_grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("unit_from", Text, nullable=False),
    Column("begins", BigInteger, nullable=False),
    Column("ends", BigInteger),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("relied_on_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", Text, nullable=False),
    Column("revoke_reason", Text, nullable=False),
    PartialIndex(
        "uq_admin_grants_current",
        "principal",
        "role",
        "unit_code",
        "unit_from",
        unique=True,
        where="revoked_at IS NULL",
    ),
    Index("ix_admin_grants_principal", "principal"),
)
"""One role of one principal over one unit (``*`` for the whole deployment). ``relied_on_at`` is written by the grants that were made by it."""

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("act", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", BigInteger),
    Column("outcome", Text, nullable=False),
    Index("ix_approvals_state", "state", "id"),
)
"""Acts that wait for a second person: ``pending``, ``approved`` (being carried out), ``done``, ``failed`` or ``rejected``."""

api_answers = Table(
    "api_answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_api_answers_expires_at", "expires_at"),
)
"""Answers of the Admin API by the digest of caller and ``Idempotency-Key``; ``answer`` is sealed, for it may hold a secret."""
