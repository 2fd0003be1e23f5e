"""Signed heads of the audit log, their keys, signatures of witnesses, archived segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "audit_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_audit_keys")),
    )
    live = sa.text("retired_at IS NULL")
    op.create_index("uq_audit_keys_live", "audit_keys", ["alg"], unique=True, sqlite_where=live, postgresql_where=live)
    op.create_table(
        "audit_heads",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_cosignatures",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kid", "size", name=op.f("pk_audit_cosignatures")),
    )
    op.create_table(
        "audit_segments",
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("newest_us", sa.BigInteger(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_audit_segments")),
    )


def downgrade() -> None:
    """Take them away."""
    for name in ("audit_segments", "audit_cosignatures", "audit_heads"):
        op.drop_table(name)
    op.drop_index("uq_audit_keys_live", "audit_keys")
    op.drop_table("audit_keys")
