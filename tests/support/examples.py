"""How hypothesis looks for examples: without a clock, and the same ones in every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_BUSY = (HealthCheck.too_slow,)


def look_for_the_same() -> None:
    """Let no example fail because the machine was busy (by itself a fifth of a second is too long), and no run differ from the one before.

    ``pytest --hypothesis-profile explore`` looks for new ones.
    """
    settings.register_profile("explore", deadline=None, suppress_health_check=_BUSY)
    settings.register_profile("same", deadline=None, suppress_health_check=_BUSY, derandomize=True, database=None)
    settings.load_profile("same")
