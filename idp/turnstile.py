"""One request at a time in a process, except while it waits: a worker's threads then do not fight over the interpreter.

Python runs one thread at a time anyway; with many runnable threads every release of the interpreter lock (each SQL statement, each signature) hands
it over, and the handing over costs more than the work. A thread holds the turn while it computes and steps outside while it waits: for a
disk flush, a database, a password hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local


class Turnstile:
    """The turn of one process. Code that waits may step outside without knowing whether its thread holds the turn."""

    def __init__(self) -> None:
        """Let nobody in yet."""
        self._lock = Lock()
        self._mine = local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn for the block."""
        self._lock.acquire()
        self._mine.held = True
        try:
            yield
        finally:
            self._mine.held = False
            self._lock.release()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Give the turn up for the block, if this thread holds it, and queue for it again afterwards."""
        if not getattr(self._mine, "held", False):
            yield
            return
        self._mine.held = False
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()
            self._mine.held = True
