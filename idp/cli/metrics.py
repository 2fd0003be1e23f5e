"""The listener of ``/metrics``: a process beside the workers, forked like them, where ``IDP_METRICS__PORT`` names a port."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

from idp import logs
from idp.cli.output import say
from idp.config import Settings
from idp.protocol.wire import WireRequest, WireResponse
from idp.wiring import Wiring
from idp.wiring.metering import metrics_endpoint

_PATIENCE: Final = 5
"""Seconds for which a connection may say nothing."""
Handle = Callable[[WireRequest], WireResponse]


def listen(public: socket.socket, settings: Settings, directory: Path) -> None:
    """Answer scrapes until SIGTERM, or until the parent is gone; ``directory`` is where the workers count."""
    public.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logs.configure(settings.log)
    endpoint = metrics_endpoint(Wiring(settings), directory)
    with Listener(settings.metrics.host, settings.metrics.port, endpoint.handle) as server:
        say(f"metrics on http://{settings.metrics.host}:{settings.metrics.port}/metrics")
        server.serve_forever()


class Listener(HTTPServer):
    """The standard library's server, one connection at a time: a scrape in some seconds needs no more."""

    def __init__(self, host: str, port: int, handle: Handle) -> None:
        """Bind."""
        self._parent = os.getppid()
        super().__init__((host, port), _handler(handle))

    def service_actions(self) -> None:
        """End with the parent."""
        if os.getppid() != self._parent:
            raise SystemExit(0)


def _handler(handle: Handle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE
        server_version, sys_version = "dinhdanh", ""

        def do_GET(self) -> None:
            """Answer."""
            headers = {"authorization": self.headers.get("Authorization", "")}
            path, address = self.path.partition("?")[0], str(self.client_address[0])
            answer = handle(WireRequest("GET", path, "", b"", "", address, headers, ""))
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_arguments: object) -> None:
            """Write nothing: scrapes are no news."""

    return Handler
