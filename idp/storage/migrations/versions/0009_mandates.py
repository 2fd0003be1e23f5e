"""Mandates; grants, consents and sessions know the one that they rest on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _add_mandates()
    _refer_to_mandates()
    _replace_index(("account_id", "client_id", "mandate_id"))


def _add_mandates() -> None:
    op.create_table(
        "mandates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("procedures", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.Column("may_delegate", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("evidence_kind", sa.Text(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.Column("root_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["accounts.id"], name=op.f("fk_mandates_actor_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["accounts.id"], name=op.f("fk_mandates_principal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index("ix_mandates_actor_id", "mandates", ["actor_id", "state"])
    op.create_index("ix_mandates_principal_id", "mandates", ["principal_id"])
    for name, column, where in (("root_id", "root_id", "root_id != ''"), ("open", "valid_to", "ended_at IS NULL")):
        condition = sa.text(where)
        op.create_index(f"ix_mandates_{name}", "mandates", [column], sqlite_where=condition, postgresql_where=condition)


def _refer_to_mandates() -> None:
    op.add_column("grants", sa.Column("mandate_id", sa.Text(), server_default="", nullable=False))
    acting = sa.text("mandate_id != ''")
    op.create_index("ix_grants_mandate_id", "grants", ["mandate_id"], sqlite_where=acting, postgresql_where=acting)
    for name in ("capacity", "mandate_id"):
        op.add_column("sessions", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("consents", sa.Column("mandate_id", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_consents_mandate_id", "consents", ["mandate_id"], sqlite_where=acting, postgresql_where=acting)


def downgrade() -> None:
    """Undo."""
    op.execute(sa.text("DELETE FROM consents WHERE mandate_id != ''"))
    _replace_index(("account_id", "client_id"))
    op.drop_index("ix_consents_mandate_id", "consents")
    op.drop_column("consents", "mandate_id")
    for name in ("mandate_id", "capacity"):
        op.drop_column("sessions", name)
    op.drop_index("ix_grants_mandate_id", "grants")
    op.drop_column("grants", "mandate_id")
    op.drop_table("mandates")


def _replace_index(columns: tuple[str, ...]) -> None:
    current = sa.text("ended_at IS NULL")
    op.drop_index("uq_consents_current", "consents")
    op.create_index(
        "uq_consents_current",
        "consents",
        list(columns),
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
