"""Somebody else's HTTP server on loopback: what the ones in the tests share, and a place where they put what came."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that prints nothing."""

    def body(self) -> bytes:
        """Return the body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Print nothing."""


class LocalServer:
    """Serves with a handler on a free port, from its entry as a context until the exit; ``host`` is its host and port."""

    def __init__(self, handler: type[QuietHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Inbox(Generic[T]):
    """What came, in order."""

    def __init__(self) -> None:
        self._queue: Queue[T] = Queue()
        self.put = self._queue.put

    def next(self, seconds: float = 60) -> T:
        """Return the next one; fails when none comes in time."""
        try:
            return self._queue.get(timeout=seconds)
        except Empty:
            raise AssertionError(f"nothing was posted within {seconds} seconds") from None

    def is_silent(self, seconds: float) -> bool:
        """Tell whether nothing comes for so long."""
        try:
            self._queue.get(timeout=seconds)
        except Empty:
            return True
        return False
