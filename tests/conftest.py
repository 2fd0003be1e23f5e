"""Marks, and the fixtures that every package of tests may use."""

from __future__ import annotations

import pytest

from tests.support.stores import (
    audit,
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
    "clock",
    "database",
    "own_postgresql",
    "own_redis",
    "postgresql_database",
    "postgresql_server",
    "postgresql_template",
    "shared_redis",
    "sqlite_database",
    "sqlite_template",
]


def pytest_configure(config: pytest.Config) -> None:
    """Declare our marks."""
    config.addinivalue_line("markers", "spec(document, section): the clause that the test holds us to")
    config.addinivalue_line("markers", "servers: needs a real PostgreSQL, Redis or the like from Debian's packages")
