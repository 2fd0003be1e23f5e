"""A tiny web server of somebody else: documents that a registration names, served as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.local_server import LocalServer, QuietHandler

Page = tuple[int, str, bytes]


class WebPages(LocalServer):
    """Answers GET by ``pages`` (path to status, content type, body) and remembers what was asked in ``asked``."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.headers: dict[str, Mapping[str, str]] = {}
        self.asked: list[str] = []
        owner = self

        class Handler(QuietHandler):
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

        super().__init__(Handler)

    def put(self, path: str, body: bytes, status: int = 200, content_type: str = "application/json") -> str:
        """Serve ``body`` and return its address."""
        self.pages[path] = (status, content_type, body)
        return f"http://{self.host}{path}"
