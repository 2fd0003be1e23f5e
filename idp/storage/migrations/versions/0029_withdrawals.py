"""Withdrawals until the system was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_withdrawals_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    op.create_index("ix_withdrawals_account_id", "withdrawals", ["account_id"])
    op.create_index("ix_withdrawals_due_at", "withdrawals", ["due_at", "id"])
    op.add_column("signal_queue", sa.Column("cause", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Undo."""
    op.drop_column("signal_queue", "cause")
    op.drop_table("withdrawals")
