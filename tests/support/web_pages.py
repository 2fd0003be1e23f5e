"""A tiny web server of somebody else: documents that a registration names, served as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

Page = tuple[int, str, bytes]


class WebPages:
    """Answers GET by ``pages`` (path to status, content type, body) and remembers what was asked in ``asked``."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.headers: dict[str, Mapping[str, str]] = {}
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.append(self.path)
                status, content_type, body = owner.pages.get(self.path.partition("?")[0], (404, "text/plain", b""))
                self.send_response(status)
                for name, value in owner.headers.get(self.path, {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def put(self, path: str, body: bytes, status: int = 200, content_type: str = "application/json") -> str:
        """Serve ``body`` and return its address."""
        self.pages[path] = (status, content_type, body)
        return f"http://{self.host}{path}"

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
