"""Residences are counted by unit from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    lives = sa.text("unit_code IS NOT NULL AND state != 'merged'")
    op.create_index("ix_accounts_unit_code", "accounts", ["unit_code"], sqlite_where=lives, postgresql_where=lives)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_accounts_unit_code", table_name="accounts")
