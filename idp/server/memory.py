"""How glibc's allocator keeps memory: few arenas, and what lies idle goes back to the system. Elsewhere than on glibc nothing happens."""

from __future__ import annotations

import asyncio
import ctypes
from contextlib import suppress
from typing import Final

_M_ARENA_MAX: Final = -8
"""glibc, malloc.h."""
_EVERY: Final = 5.0
"""Seconds between two looks for memory that lies idle."""


def few_arenas() -> None:
    """Many threads with an arena of memory each would keep tens of megabytes that nobody uses."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back_regularly(loop: asyncio.AbstractEventLoop) -> None:
    """Give back what lies idle, now and every few seconds.

    An argon2id hash takes 19 MiB, and the allocator keeps what each of its threads had last. To have them from the system for every single hash
    costs a third of it in page faults; so they are kept while people sign in, and go a moment later.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        loop.call_later(_EVERY, give_back_regularly, loop)
