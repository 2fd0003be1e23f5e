"""The fixtures that every package of tests may use."""

from __future__ import annotations

from tests.support.officials import office, own_office
from tests.support.stores import (
    audit,
    audit_tree,
    clock,
    database,
    own_postgresql,
    own_redis,
    postgresql_database,
    postgresql_server,
    postgresql_template,
    shared_redis,
    sqlite_database,
    sqlite_template,
)

__all__ = [
    "audit",
    "audit_tree",
    "clock",
    "database",
    "office",
    "own_office",
    "own_postgresql",
    "own_redis",
    "postgresql_database",
    "postgresql_server",
    "postgresql_template",
    "shared_redis",
    "sqlite_database",
    "sqlite_template",
]
