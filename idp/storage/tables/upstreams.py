"""Who people are at upstream identity providers, and which sessions came from there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

_CURRENT = "ended_at IS NULL"

upstream_links = Table(
    "upstream_links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("upstream", Text, nullable=False),
    Column("lookup", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("how", Text, nullable=False),
    Column("ceiling", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    PartialIndex("uq_upstream_links_lookup", "lookup", unique=True, where=_CURRENT),
    PartialIndex("uq_upstream_links_account", "account_id", "upstream", unique=True, where=_CURRENT),
)
"""Upstream subject -> account. ``lookup`` is the keyed digest of (upstream, subject), ``sealed`` the subject; ``how`` is ``created``,
``vouched`` or ``proven``; ``ceiling`` is the highest ``acr`` that the link gives, "" for none. An account has one current link an upstream."""

upstream_sessions = Table(
    "upstream_sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    Column("upstream", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("subject", LargeBinary, nullable=False),
    Column("sid", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_upstream_sessions_subject", "subject"),
    Index("ix_upstream_sessions_sid", "sid"),
)
"""Which session of ours came from which one of an upstream, for sign-out both ways; subject and ``sid`` are keyed digests."""
