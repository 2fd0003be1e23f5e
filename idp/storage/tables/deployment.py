"""What the deployment knows of itself: facts fixed at the first start, data keys, registry versions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

deployment = Table(
    "deployment",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts such as the issuer (immutable after the first start), and since when the memory of what was used is whole (``memory_since``)."""

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    PartialIndex("uq_data_keys_live", "purpose", unique=True, where="retired_at IS NULL"),
)
"""Data keys, each wrapped by the master key; a retired one still opens what it sealed."""

registry_versions = Table(
    "registry_versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""One row a registry that lives in process (``clients``, ``keys``); hot statements read it in the same round trip."""
