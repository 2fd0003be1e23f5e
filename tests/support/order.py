"""In which order test modules run, and which of them in one process: what takes long first, so that no process is alone with it in the end."""

from __future__ import annotations

from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER: Final = "tests/protocol/over_http/"
"""Its modules share two deployments, which one process starts once."""

LONG: Final = (
    TOGETHER,
    "tests/faults/test_worker_kills.py",
    "tests/journeys/test_console_pages.py",
    "tests/faults/test_rotation_under_load.py",
    "tests/journeys/",
    "tests/conformance/",
    "tests/interop/",
    "tests/faults/",
    "tests/security/",
    "tests/drills/",
    "tests/protocol/openid_federation/test_tree_over_http.py",
    "tests/protocol/metrics/",
    "tests/properties/",
    "tests/contract/test_recoveries.py",
    "tests/contract/",
)
"""Modules and folders that come before all others, the longest first."""


def rank(path: str) -> int:
    """Return the place of a module in the order."""
    return next((place for place, name in enumerate(LONG) if path.startswith(name)), len(LONG))


def order(items: list[pytest.Item]) -> None:
    """Sort what was collected; within a module, and between modules of one place, nothing changes."""
    items.sort(key=lambda item: rank(item.nodeid))


class ByModule(LoadFileScheduling):  # type: ignore[misc]
    """Gives a process whole modules, in our order."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        """Keep the order: by default modules with many tests would come first, and one with one test of a minute last."""
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))
