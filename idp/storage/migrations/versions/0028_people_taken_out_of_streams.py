"""People taken out of streams of signals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "signal_silences",
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_signal_silences_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["signal_streams.id"], name=op.f("fk_signal_silences_stream_id_signal_streams")
        ),
        sa.PrimaryKeyConstraint("stream_id", "account_id", name=op.f("pk_signal_silences")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("signal_silences")
