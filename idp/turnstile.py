"""One request at a time in a process, except while it waits: a worker's threads then do not fight over the interpreter.

Python runs one thread at a time anyway; with many runnable threads every release of the interpreter lock (each SQL statement, each signature) hands
it over, and the handing over costs more than the work. A thread holds the turn while it computes and steps outside while it waits: for a
disk flush, a database, a password hash.

Whoever holds another lock must never wait for the turn: with one thread inside that wants the lock, and one with the lock that wants back inside,
both wait for good. A lock that is held over a wait is therefore an ``OutsideLock``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock, local
from types import TracebackType


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


class OutsideLock:
    """A lock that is waited for, held and given back outside of the turn; the thread queues for its turn again only afterwards."""

    def __init__(self, turnstile: Turnstile) -> None:
        """Be free."""
        self._turnstile = turnstile
        self._lock = Lock()
        self._left: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        """Step outside, then wait for the lock."""
        left = self._turnstile.outside()
        left.__enter__()
        self._lock.acquire()
        self._left = left  # Written and read by the holder of the lock alone.

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock back, then queue for the turn."""
        left, self._left = self._left, None
        self._lock.release()
        if left is not None:
            left.__exit__(None, None, None)
