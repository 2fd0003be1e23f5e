"""Sessions, consents, grants (token families) and revocations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from idp.storage.tables.base import PartialIndex, metadata

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("acr", Text, nullable=False),
    Column("amr", Text, nullable=False),
    Column("origin", LargeBinary, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    Column("capacity", Text, nullable=False, server_default=""),
    Column("mandate_id", Text, nullable=False, server_default=""),
    Index("uq_sessions_digest", "digest", unique=True),
    Index("ix_sessions_account_id", "account_id"),
    Index("ix_sessions_expires_at", "expires_at"),
)
"""SSO sessions. The cookie's secret is kept as ``digest`` only; ``origin`` is the sealed address and browser name.

``capacity`` is the choice that was made last: empty, ``person`` or a mandate's id. ``mandate_id`` is the clerk's assistance that began the session.
"""

consent_texts = Table(
    "consent_texts",
    metadata,
    Column("version", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("shown_at", BigInteger, nullable=False),
)
"""What people were shown, by its version: purpose in each language and legal basis, in JSON. Never changed, so every agreement can be read again."""

consents = Table(
    "consents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("claims", BigInteger, nullable=False),
    Column("declined", BigInteger, nullable=False),
    Column("text_version", Text, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("end_reason", Text),
    Column("mandate_id", Text, nullable=False, server_default=""),
    PartialIndex("uq_consents_current", "account_id", "client_id", "mandate_id", unique=True, where="ended_at IS NULL"),
    PartialIndex("ix_consents_ended", "account_id", "client_id", where="ended_at IS NOT NULL"),
    Index("ix_consents_client_id", "client_id", "kind", "ended_at"),
    Index("ix_consents_newest", "client_id", "id", "ended_at"),
    PartialIndex("ix_consents_newest_ended", "id", where="ended_at IS NOT NULL"),
    PartialIndex("ix_consents_mandate_id", "mandate_id", where="mandate_id != ''"),
)
"""What a person agreed to (``consent``) or was told (``notice``) for one client; an ended row stays as the proof.

``mandate_id`` is empty for what a person agreed to for himself.
"""

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("sub", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("claims", BigInteger, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("acr", Text, nullable=False),
    Column("amr", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("offline", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("rotated_at", BigInteger, nullable=False),
    Column("grace_used", Integer, nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoke_reason", Text),
    Column("resources", Text, nullable=False, server_default=""),
    Column("details", LargeBinary),
    Column("bound_to", Text, nullable=False, server_default=""),
    Column("mandate_id", Text, nullable=False, server_default=""),
    Index("ix_grants_session_id", "session_id"),
    Index("ix_grants_account_id", "account_id", "client_id"),
    Index("ix_grants_expires_at", "expires_at"),
    PartialIndex("ix_grants_mandate_id", "mandate_id", where="mandate_id != ''"),
)
"""One row an authorization: its primary key is chosen when the code is sealed, so the INSERT spends the code.

``claims`` is the bit set of what userinfo releases; ``generation`` is the number of the newest refresh token, 0 where there is none.
``resources`` are separated by spaces; ``details`` are sealed. ``bound_to`` is ``jkt:`` or ``x5t:`` with a thumbprint, or empty.
"""

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_revoked_tokens_expires_at", "expires_at"),
)
"""Single access tokens that were revoked (RFC 7009) and have not expired yet."""

redemption_gate = Table("redemption_gate", metadata, Column("name", Text, primary_key=True))
"""No row is ever in it: its lock keeps redemptions and revocations of one instant apart (``storage.redemptions``)."""

status_lists = Table(
    "status_lists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("next_ticket", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
"""Token status lists; ``next_ticket`` counts the places that were given."""

status_entries = Table(
    "status_entries",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("list_id", Text, nullable=False),
    Column("ticket", Integer, nullable=False),
    Column("grant_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("uq_status_entries_place", "list_id", "ticket", unique=True),
    Index("ix_status_entries_expires_at", "expires_at"),
)
"""Access tokens with a place in a list; the place is a keyed permutation of ``ticket``, and is not stored."""

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("withdrawn_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("told_at", BigInteger),
    Column("told_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_withdrawals_account_id", "account_id"),
    Index("ix_withdrawals_due_at", "due_at", "id"),
    PartialIndex("ix_withdrawals_open", "due_at", "id", where="told_at IS NULL"),
)
"""Withdrawn consents until the system that had the data was told. ``told_by`` is ``signal``, or who confirmed it by hand, then with a note."""
