"""Searches of the embedded database run on threads of their own: on the loop's, one through a long list would hold up everybody of its process.

Few threads, and none of those on which commits wait: however many people search, sign-ins go on. SQLite lets go of the interpreter while it reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Final, TypeVar

from idp.fibers import Fibers

T = TypeVar("T")

_MOST: Final = 2


class SqliteSearches:
    """Runs searches of fibers, each on a thread that has a connection."""

    def __init__(self, fibers: Fibers, opened: Callable[[], sqlite3.Connection]) -> None:
        """Take the fibers and what opens a connection; threads and connections are made when needed."""
        self._fibers = fibers
        self._opened = opened
        self._threads: ThreadPoolExecutor | None = None
        self._of_thread = local()

    def run(self, search: Callable[[sqlite3.Connection], T]) -> T:
        """Run a search while this fiber pauses; raises what the driver raises, and a connection that failed is not used again."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_MOST, thread_name_prefix="search")
        return self._fibers.elsewhere(lambda: self._searched(search), self._threads)

    def close(self) -> None:
        """Let the threads end, and with each its connection."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)

    def _searched(self, search: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = self._opened()
        try:
            return search(connection)
        except sqlite3.DatabaseError:
            self._of_thread.connection = None
            connection.close()
            raise
