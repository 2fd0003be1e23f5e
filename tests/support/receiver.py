"""A tiny HTTP server that keeps what is posted to it: a department's back-channel logout endpoint."""

from __future__ import annotations

from urllib.parse import parse_qs

from tests.support.local_server import Inbox, LocalServer, QuietHandler


class Receiver(LocalServer):
    """Answers every POST with `status` and keeps its form fields."""

    def __init__(self, status: int = 200) -> None:
        receiver = self
        self.status = status
        self._posted: Inbox[dict[str, list[str]]] = Inbox()
        self.next, self.is_silent = self._posted.next, self._posted.is_silent

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                receiver._posted.put(parse_qs(self.body().decode()))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Handler)
        self.url = f"http://{self.host}/logout"
