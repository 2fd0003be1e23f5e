"""A tiny HTTP server that keeps what is posted to it: a department's back-channel logout endpoint."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs


class Receiver:
    """Answers every POST with `status` and queues its form fields."""

    def __init__(self, status: int = 200) -> None:
        posted: Queue[dict[str, list[str]]] = Queue()
        receiver = self
        self.status = status
        self._posted = posted

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                posted.put(parse_qs(self.rfile.read(length).decode()))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/logout"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def next(self, seconds: float = 60.0) -> dict[str, list[str]]:
        """Return the next posted form, or fail when none comes in time."""
        try:
            return self._posted.get(timeout=seconds)
        except Empty:
            raise AssertionError(f"nothing was posted within {seconds} seconds") from None

    def is_silent(self, seconds: float) -> bool:
        """Tell whether nothing comes for so long."""
        try:
            self._posted.get(timeout=seconds)
        except Empty:
            return True
        return False

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
