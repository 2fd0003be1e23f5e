"""Locks of accounts with their ground; accounts that are locked today get an operator's lock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "account_locks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.Column("locked_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_locks_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_locks")),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_account_locks_live",
        "account_locks",
        ["account_id", "reason_code"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_index("ix_account_locks_ends_at", "account_locks", ["ends_at"], sqlite_where=live, postgresql_where=live)
    op.create_index("ix_account_locks_account_id", "account_locks", ["account_id"])
    op.execute(
        "INSERT INTO account_locks (id, account_id, scope, reason_code, reason, reference, locked_by, locked_at) "
        "SELECT id, id, 'account', 'operator', COALESCE(state_reason, ''), '', 'operator:local', updated_at "
        "FROM accounts WHERE state = 'locked'"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("account_locks")
