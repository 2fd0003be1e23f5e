"""Consents by client."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_consents_client_id", "consents", ["client_id", "kind", "ended_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_consents_client_id", table_name="consents")
