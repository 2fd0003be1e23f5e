"""A town with a business."""

from __future__ import annotations

import pytest

from tests.support.mandated_world import Town
from tests.support.token_world import TokenWorld, each_world, world

__all__ = ["each_world", "world"]


@pytest.fixture
def town(world: TokenWorld) -> Town:
    return Town(world)
