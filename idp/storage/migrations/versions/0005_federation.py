"""Our part of a federation: keys, subordinates, trust marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "federation_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_federation_keys"),
    )
    op.create_table(
        "federation_subordinates",
        sa.Column("superior", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("superior", "entity_id", name="pk_federation_subordinates"),
    )
    op.create_table(
        "federation_trust_marks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mark_type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_federation_trust_marks"),
    )
    op.create_index("ix_federation_trust_marks_type", "federation_trust_marks", ["mark_type", "subject"])


def downgrade() -> None:
    """Undo."""
    for name in ("federation_trust_marks", "federation_subordinates", "federation_keys"):
        op.drop_table(name)
