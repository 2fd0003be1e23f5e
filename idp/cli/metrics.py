"""The listener of ``/metrics``: a process beside the workers, forked like them, where ``IDP_METRICS__PORT`` names a port."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from idp import logs
from idp.cli.output import say
from idp.config import Settings
from idp.errors import SettingsError
from idp.protocol.wire import WireRequest, WireResponse
from idp.server import worker
from idp.server.desk import Application, Desk, Limits, Respond
from idp.wiring import Wiring
from idp.wiring.metering import metrics_endpoint, token_in

_log = logging.getLogger("idp.metrics")

_SETTING: Final = "IDP_METRICS__PORT"
_READ: Final = {"authorization": "HTTP_AUTHORIZATION"}


def sockets(
    settings: Settings, public_port: int, listen: Callable[[str, int, str], socket.socket]
) -> tuple[socket.socket, ...]:
    """Return the listener's socket, none where metrics are off; raises ``SettingsError`` before anything runs that could not be scraped."""
    metrics = settings.metrics
    if not metrics.port:
        return ()
    if metrics.port == public_port:
        raise SettingsError("must be another port than the public one (--port)", field=_SETTING)
    token_in(metrics.token_file)
    return (listen(metrics.host, metrics.port, _SETTING),)


def listen(listening: socket.socket, settings: Settings, directory: Path, parent: int) -> None:
    """Answer scrapes until SIGTERM, or until ``parent`` is gone; ``directory`` is where the workers count."""
    logs.configure(settings.log)
    endpoint = metrics_endpoint(Wiring(settings), directory)
    say(f"metrics on http://{settings.metrics.host}:{settings.metrics.port}/metrics")
    desk = Desk(answering(endpoint.handle), _READ, Limits(max_body=0))
    worker.serve(listening, desk, lambda _loop: None, parent)


def answering(handle: Callable[[WireRequest], WireResponse]) -> Application:
    """Return what the server asks: one scrape after another, on the loop's thread, as a scrape in some seconds needs no more."""

    def answer(environ: dict[str, Any], respond: Respond) -> None:
        headers = {"authorization": environ.get("HTTP_AUTHORIZATION", "")}
        method, path, address = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["REMOTE_ADDR"]
        try:
            found = handle(WireRequest(method, path, "", b"", "", address, headers, ""))
        except Exception:  # noqa: BLE001 - logged; the next scrape may go better
            _log.exception("a scrape failed")
            respond(500, (), b"")
        else:
            respond(found.status, found.headers, found.body)

    return answer
