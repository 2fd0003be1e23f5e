"""A deployment whose messages can be read."""

from __future__ import annotations

from tests.support.told_world import box, told_world

__all__ = ["box", "told_world"]
