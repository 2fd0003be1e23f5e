"""An SMS gateway on loopback that keeps what was posted and answers as a test tells it to."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Queue

from tests.support.local_server import LocalServer, QuietHandler


@dataclass(frozen=True, slots=True)
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class SmsGateway(LocalServer):
    """Answers every POST with ``status`` and ``answer``."""

    def __init__(self, status: int = 200, answer: bytes = b"{}") -> None:
        gateway = self
        self.status, self.answer = status, answer
        self.posted: Queue[Posted] = Queue()

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                body = self.body()
                headers = {name.lower(): value for name, value in self.headers.items()}
                gateway.posted.put(Posted(self.path, headers, body))
                self.send_response(gateway.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(gateway.answer)))
                self.end_headers()
                self.wfile.write(gateway.answer)

        super().__init__(Handler)
        self.url = f"http://{self.host}/send"
