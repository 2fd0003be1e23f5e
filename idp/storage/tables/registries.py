"""Clients, signing keys and administrative units."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("unit_code", Text, nullable=False),
    Column("sector_id", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("uq_clients_version", "version", unique=True),
    Index("ix_clients_unit_code", "unit_code"),
)
"""Department systems; ``version`` is the registry version of the last change, so that a process reads only what is new."""

client_changes = Table(
    "client_changes",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", Text, nullable=False),
)
"""What each change of a client changed, as fields with their values before and after; written with the change, never changed."""

initial_access_tokens = Table(
    "initial_access_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("terms", Text, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index("uq_initial_access_tokens_digest", "digest", unique=True),
)
"""Initial access tokens (RFC 7591 section 3): the secret's digest, what it allows, and how often still."""

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
)
"""Signing keys: the public part and dates as a document, the private part sealed and gone once it no longer signs."""

units = Table(
    "units",
    metadata,
    Column("code", Text, primary_key=True),
    Column("valid_from", Text, primary_key=True),
    Column("valid_to", Text),
    Column("level", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("parent_code", Text),
    Column("source", Text, nullable=False),
    Index("ix_units_parent_code", "parent_code"),
)
"""Administrative units; a code is re-used over time, so the key is the code with the day it became valid."""

unit_edges = Table(
    "unit_edges",
    metadata,
    Column("from_code", Text, primary_key=True),
    Column("from_valid_from", Text, primary_key=True),
    Column("to_code", Text, primary_key=True),
    Column("to_valid_from", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("effective", Text, nullable=False),
    Column("partial", Integer, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Index("ix_unit_edges_to_code", "to_code"),
)
"""Successors: merge, split, rename, change of type."""

reorganisations = Table(
    "reorganisations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("effective", Text, nullable=False),
    Column("complete", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
)
"""Reorganisations of units: ``effective`` and ``complete`` are their first and last day, ``document`` what they changed in the register."""
