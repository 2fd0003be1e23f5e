"""Unused accounts of staff, and former passwords of administrators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "staff_watch",
        sa.Column("account_id", sa.Text(), sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("unused_warned_at", sa.BigInteger(), nullable=False),
        sa.Column("password_warned_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "former_passwords",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("account_id", sa.Text(), sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_former_passwords_account_id", "former_passwords", ["account_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("former_passwords")
    op.drop_table("staff_watch")
