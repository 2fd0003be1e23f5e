"""The province's indicator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "indicator_months",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary()),
        sa.Column("closed_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_indicator_months")),
    )
    op.create_table(
        "indicator_marks",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "client_id", "mark", name=op.f("pk_indicator_marks")),
    )
    op.create_table(
        "indicator_figures",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("authenticated", sa.BigInteger(), nullable=False),
        sa.Column("identified", sa.BigInteger(), nullable=False),
        sa.Column("strong", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "scope", "code", "kind", name=op.f("pk_indicator_figures")),
    )
    op.create_table(
        "indicator_progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_indicator_progress")),
    )
    op.execute(sa.text("INSERT INTO indicator_progress (name, seq) VALUES ('log', 0)"))


def downgrade() -> None:
    """Take them away."""
    for name in ("indicator_progress", "indicator_figures", "indicator_marks", "indicator_months"):
        op.drop_table(name)
