"""Documents of the ephemeral store as another release of ours wrote them: while processes are replaced, two releases share the store.

A release reads what it wrote itself. A member that it does not know could be a condition that it would not hold to, so it is never passed over:
the document counts as lost, as anything in that store may be, and its person starts again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")


def legible(read: Callable[[], T], what: str) -> T | None:
    """Return what ``read`` makes of a stored document, None where it is of another shape; ``what`` names the sort of it in the log."""
    try:
        return read()
    except (ValueError, LookupError, TypeError, AttributeError):
        _log.warning("a stored %s is of another shape than this release writes: it counts as lost", what)
        return None
