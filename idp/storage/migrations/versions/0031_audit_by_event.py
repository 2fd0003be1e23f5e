"""Audit by event: the seldom ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_FREQUENT = (
    "'token:authorization_code', 'token:refresh_token', 'token:client_credentials', 'token:front_channel', "
    "'token:device_code', 'token:ciba', 'token:exchange', 'token:jwt-bearer', 'token:introspect'"
)


def upgrade() -> None:
    """Apply."""
    seldom = sa.text(f"event NOT IN ({_FREQUENT})")
    op.create_index(
        "ix_audit_events_event", "audit_events", ["event", "id"], sqlite_where=seldom, postgresql_where=seldom
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_audit_events_event", table_name="audit_events")
