"""A deployment in process for the tests of the token side."""

from __future__ import annotations

from tests.support.token_world import each_world, portal, session, world

__all__ = ["each_world", "portal", "session", "world"]
