"""Accounts, their identity codes, credentials and subjects."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

_LIVES_SOMEWHERE: Final = "unit_code IS NOT NULL AND state != 'merged'"

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("merged_into", Text, ForeignKey("accounts.id")),
    Column("identity_level", Integer, nullable=False),
    Column("unit_code", Text),
    Column("sample", Integer, nullable=False),
    Column("external_id", Text),
    Column("profile", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Index("uq_accounts_external_id", "external_id", unique=True),
    PartialIndex("ix_accounts_merged_into", "merged_into", where="merged_into IS NOT NULL"),
    PartialIndex("ix_accounts_unit_code", "unit_code", where=_LIVES_SOMEWHERE),
    PartialIndex("ix_accounts_sample", "sample", where="sample = 1"),
)
"""A person or organisation. ``kind`` is ``person`` or ``organisation``; ``state`` is ``active``, ``locked``, ``closed`` or ``merged``.

``profile`` is a sealed JSON object of claims (AAD: the account id), so no name, birth date or telephone number lies here in clear. Codes that were
issued before ``not_before`` are void (``services.marks``).
"""

identity_codes = Table(
    "identity_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("entity_type", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("lookup", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("reason", Text, nullable=False),
    PartialIndex("uq_identity_codes_current", "lookup", unique=True, where="valid_to IS NULL"),
    PartialIndex("ix_identity_codes_ended", "lookup", where="valid_to IS NOT NULL"),
    Index("ix_identity_codes_account_id", "account_id"),
)
"""History of identity code -> account. ``lookup`` is the keyed blind index; a current code belongs to one account only.

``reason`` says why the code began, and once ``valid_to`` is set why it ended: ``replaced``, ``cancelled``, ``merged`` or ``mistake``. Only
what was a mistake is free for another account.
"""

credentials = Table(
    "credentials",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("must_change", Integer, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
"""One row a factor: ``password`` keeps a password hash, ``totp`` a sealed seed and the last time step that was used."""

former_passwords = Table(
    "former_passwords",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("replaced_at", BigInteger, nullable=False),
    Index("ix_former_passwords_account_id", "account_id"),
)
"""Hashes of passwords that administrators may not take again; citizens have none here."""

subjects = Table(
    "subjects",
    metadata,
    Column("sub", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("sector_id", Text, nullable=False),
    Column("current", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    PartialIndex("uq_subjects_current", "account_id", "sector_id", unique=True, where="current = 1"),
)
"""Pairwise subjects as stored rows. After a merge the other account's subject stays answerable with ``current`` = 0."""

imports = Table(
    "imports",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("byte_offset", BigInteger, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("landed", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("reject_offset", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
"""Where an import stands, written in the transaction of the rows it speaks of, so that ``kill -9`` loses and doubles nothing."""
