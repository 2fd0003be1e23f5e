"""The threads of one directory: LDAP blocks, so it runs on threads of its own, few and bounded, that no other work waits behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from idp.errors import DirectoryUnavailable
from idp.fibers import Fibers

T = TypeVar("T")

_COME_BACK = 5


class DirectoryThreads:
    """Runs acts on at most ``parallel`` threads while their fibers pause; as many again may wait, the rest are told to come back."""

    def __init__(self, name: str, parallel: int, fibers: Fibers) -> None:
        """Take the directory's name, the bound and the process's fibers; threads are made when needed."""
        self._name = name
        self._fibers = fibers
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix=f"ldap-{name}")
        self._places = BoundedSemaphore(2 * parallel)

    def run(self, work: Callable[[], T]) -> T:
        """Run ``work``; raises what it raises, and ``DirectoryUnavailable`` when every place is taken: then the directory hangs."""
        if not self._places.acquire(blocking=False):
            raise DirectoryUnavailable(f"directory {self._name}: every place is taken", retry_after=_COME_BACK)
        try:
            return self._fibers.elsewhere(work, self._threads)
        finally:
            self._places.release()
