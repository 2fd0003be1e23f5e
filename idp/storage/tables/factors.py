"""Factors of which a person has several: passkeys and recovery codes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import metadata

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("transports", Text, nullable=False),
    Column("is_synced", Integer, nullable=False),
    Column("is_backed_up", Integer, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Index("uq_passkeys_digest", "digest", unique=True),
    Index("ix_passkeys_account_id", "account_id"),
)
"""Passkeys. ``digest`` is the SHA-256 of the credential id, which is one person's only; ``public_key`` is a COSE key.

``is_synced`` tells that the key may leave its device (backup eligible), ``is_backed_up`` that it did at the last use. ``name`` is what the
person calls it, sealed.
"""

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
"""Recovery codes as keyed digests; a used one stays until the next set, as the proof that it was used."""

trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("expires_at", BigInteger, nullable=False),
    Index("uq_trusted_devices_digest", "digest", unique=True),
    Index("ix_trusted_devices_account_id", "account_id"),
    Index("ix_trusted_devices_expires_at", "expires_at"),
)
"""Browsers that stand in for a second factor. ``digest`` is of the cookie that is good once and of the account together.

``previous`` is the digest of the cookie before, empty for none: whoever comes with that one has a copy. ``name`` is the browser, sealed.
"""
