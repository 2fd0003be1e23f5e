"""The newest consents of one system and the ended ones of all, and what waits to be told, are read from an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    ended, waits = sa.text("ended_at IS NOT NULL"), sa.text("told_at IS NULL")
    op.create_index("ix_consents_newest", "consents", ["client_id", "id", "ended_at"])
    op.create_index("ix_consents_newest_ended", "consents", ["id"], sqlite_where=ended, postgresql_where=ended)
    op.create_index("ix_withdrawals_open", "withdrawals", ["due_at", "id"], sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_withdrawals_open", table_name="withdrawals")
    op.drop_index("ix_consents_newest_ended", table_name="consents")
    op.drop_index("ix_consents_newest", table_name="consents")
