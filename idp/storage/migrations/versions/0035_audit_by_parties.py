"""Audit by who acted and on what: the seldom events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_FREQUENT = (
    *("token:authorization_code", "token:refresh_token", "token:client_credentials", "token:front_channel"),
    *("token:device_code", "token:ciba", "token:exchange", "token:jwt-bearer", "token:introspect"),
)


def upgrade() -> None:
    """Apply."""
    seldom = sa.text(" AND ".join(f"event != '{event}'" for event in _FREQUENT))
    for name in ("actor", "target"):
        op.create_index(
            f"ix_audit_events_{name}", "audit_events", [name, "id"], sqlite_where=seldom, postgresql_where=seldom
        )


def downgrade() -> None:
    """Undo."""
    for name in ("target", "actor"):
        op.drop_index(f"ix_audit_events_{name}", table_name="audit_events")
