"""Browsers in which a person was signed in with two factors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("known_devices", sa.Column("sure_at", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    """Undo."""
    op.drop_column("known_devices", "sure_at")
