"""Marks of accounts, and an index for consents that ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("accounts", sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False))
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ix_consents_ended", "consents", ["account_id", "client_id"], sqlite_where=ended, postgresql_where=ended
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_consents_ended", "consents")
    op.drop_column("accounts", "not_before")
