"""Upstream identity providers: links and the sessions that came from there."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_CURRENT = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "upstream_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("ceiling", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("end_reason", sa.Text()),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_upstream_links_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_upstream_links"),
    )
    current: dict[str, Any] = {"unique": True, "sqlite_where": _CURRENT, "postgresql_where": _CURRENT}
    op.create_index("uq_upstream_links_lookup", "upstream_links", ["lookup"], **current)
    op.create_index("uq_upstream_links_account", "upstream_links", ["account_id", "upstream"], **current)
    op.create_table(
        "upstream_sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("sid", sa.LargeBinary()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_upstream_sessions"),
    )
    op.create_index("ix_upstream_sessions_subject", "upstream_sessions", ["subject"])
    op.create_index("ix_upstream_sessions_sid", "upstream_sessions", ["sid"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("upstream_sessions")
    op.drop_table("upstream_links")
