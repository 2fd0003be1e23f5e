"""Trusted devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "trusted_devices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_trusted_devices_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_devices")),
    )
    op.create_index("uq_trusted_devices_digest", "trusted_devices", ["digest"], unique=True)
    op.create_index("ix_trusted_devices_account_id", "trusted_devices", ["account_id"], unique=False)
    op.create_index("ix_trusted_devices_expires_at", "trusted_devices", ["expires_at"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("trusted_devices")
