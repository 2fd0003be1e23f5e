"""Grants know for which resources they are and what exactly was allowed (RFC 8707, RFC 9396)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.add_column("grants", sa.Column("resources", sa.Text(), server_default="", nullable=False))
    op.add_column("grants", sa.Column("details", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("grants", "details")
    op.drop_column("grants", "resources")
