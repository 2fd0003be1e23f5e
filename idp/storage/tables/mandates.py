"""Who acts for whom."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

mandates = Table(
    "mandates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("principal_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("actor_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("procedures", Text, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("may_delegate", Integer, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("evidence_kind", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("granted_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("parent_id", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("answered_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    Index("ix_mandates_actor_id", "actor_id", "state"),
    Index("ix_mandates_principal_id", "principal_id"),
    PartialIndex("ix_mandates_root_id", "root_id", where="root_id != ''"),
    PartialIndex("ix_mandates_open", "valid_to", where="ended_at IS NULL"),
)
"""``state`` is ``proposed``, ``accepted``, ``declined``, ``revoked`` or ``expired``; ``evidence`` is sealed (AAD: the mandate's id).

``procedures`` are separated by spaces. A chain has three mandates at most, so ``parent_id`` and ``root_id`` together name all that stand above one.
"""
