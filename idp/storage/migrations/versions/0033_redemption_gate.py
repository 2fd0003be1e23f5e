"""The gate between redemptions and revocations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table("redemption_gate", sa.Column("name", sa.Text(), primary_key=True))


def downgrade() -> None:
    """Undo."""
    op.drop_table("redemption_gate")
