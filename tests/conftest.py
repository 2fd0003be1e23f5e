"""The fixtures that every package of tests may use."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from tests.support.compiled import compile_once, keep_bytecode
from tests.support.examples import look_for_the_same
from tests.support.officials import office, own_office
from tests.support.order import ByModule, order
from tests.support.prepared import prepare_twice
from tests.support.scratch import use_memory
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

keep_bytecode()
use_memory()
compile_once()
prepare_twice()
look_for_the_same()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long modules come first."""
    order(items)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was collected: to look through ten thousand tests each time took it two fifths of all CPU."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Give each process of ``pytest -n`` whole modules, and those that share deployments together."""
    return ByModule(config, log)
