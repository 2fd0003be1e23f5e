"""Fetches of many requests at once: whoever asks for an address that is being fetched gets the answer that is under way.

A key set that a thousand sign-ins want at the same moment is fetched once; and whoever waits for it does not hold up the
others of the process.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final

from idp.fibers import Fibers
from idp.ports.fetcher import AuthorizingFetcher, Fetched, Fetcher

_THREADS: Final = 8
"""Fetches at a time, of their own: a slow department must not hold up what commits or asks a store."""


class SharingFetcher:
    """``ports.fetcher.Fetcher`` over another one."""

    def __init__(self, fetcher: Fetcher, fibers: Fibers) -> None:
        """Take the fetcher that does the work, and the process's fibers, which pause meanwhile."""
        self._fetcher = fetcher
        self._fibers = fibers
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="outbound")
        self._lock = Lock()
        self._under_way: dict[tuple[str, str], Future[Fetched]] = {}

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        """POST ``body`` to ``url``, each time anew."""
        return self._fibers.elsewhere(
            lambda: self._fetcher.post(url, body, content_type, authorization=authorization), self._threads
        )

    def get(self, url: str, accept: str) -> Fetched:
        """GET ``url``, or wait for whoever is getting it; raises the same error to all of them."""
        return self._fibers.elsewhere(lambda: self._shared(url, accept), self._threads)

    def _shared(self, url: str, accept: str) -> Fetched:
        mine: Future[Fetched] = Future()
        with self._lock:
            first = self._under_way.setdefault((url, accept), mine)
        if first is not mine:
            return first.result()
        try:
            mine.set_result(self._fetcher.get(url, accept))
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._under_way[(url, accept)]
        return mine.result()


class TokenFetcher(SharingFetcher):
    """``ports.fetcher.AuthorizingFetcher``: also fetches what one holder of a token may read, and shares that with nobody."""

    def __init__(self, fetcher: AuthorizingFetcher, fibers: Fibers) -> None:
        """Take the fetcher that does the work, and the process's fibers; threads of its own keep its waits from all others."""
        super().__init__(fetcher, fibers)
        self._authorizing = fetcher

    def get_authorized(self, url: str, accept: str, authorization: str) -> Fetched:
        """GET ``url`` with an ``Authorization`` header, each time anew."""
        return self._fibers.elsewhere(
            lambda: self._authorizing.get_authorized(url, accept, authorization), self._threads
        )
