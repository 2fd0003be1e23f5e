"""What a worker process serves: every request runs in a fiber of its own, all of them on the event loop's one thread."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idp import logs
from idp.config import Settings
from idp.fibers import Fibers
from idp.meters import Meter
from idp.protocol.wire import MAX_BODY, WireResponse
from idp.server import memory, worker
from idp.server.desk import Application as Answering
from idp.server.desk import Desk, Limits, Respond
from idp.server.streaming import Got
from idp.web.environ import STREAMED, Environ, EnvironReader
from idp.wiring import Wiring
from idp.wiring.metering import worker_meter
from idp.wiring.root import Ready
from idp.wsgi import HotHandler, WsgiApp, guarded, pages

_log = logging.getLogger("idp.serving")

_SHOW_EVERY: Final = 1.0
"""Seconds between two looks at this process's states."""
_COLLECT_AFTER: Final = 10_000
"""New containers after which cycles are looked for; requests make next to none, exceptions with their tracebacks some."""

Fields = list[tuple[str, str]]


class Application:
    """One worker process's application."""

    def __init__(
        self,
        hot: Mapping[str, HotHandler],
        pages: WsgiApp,
        reader: EnvironReader,
        fibers: Fibers,
        ready: Mapping[str, Ready] = MappingProxyType({}),
    ) -> None:
        """Take the handlers of the hot paths, the WSGI application of everything else, and the fibers on which both pause.

        ``ready`` has answers that mostly lie ready, by path: a GET of them is answered on the spot.
        """
        self._ready = ready
        self._hot = hot
        self._pages = pages
        self._reader = reader
        self._fibers = fibers

    def __call__(self, environ: Environ, respond: Respond) -> None:
        """Answer one request, at once or later."""
        path = environ["PATH_INFO"]
        if path in self._ready and environ["REQUEST_METHOD"] == "GET":
            answer = self._ready[path](environ.get("HTTP_IF_NONE_MATCH", ""))
            if answer is not None:
                respond(answer.status, answer.headers, answer.body)
                return
        handler = self._hot.get(path)
        if handler is None:
            self._fibers.start(self._page, (environ,), partial(_answer_page, respond))
        else:
            self._fibers.start(guarded, (handler, self._reader, environ), partial(_answer, respond))

    def _page(self, environ: Environ) -> Page:
        started: list[Any] = []

        def start_response(status: str, headers: Fields, _error: object = None) -> None:
            started[:] = (status, headers)

        whole = {**_CONSTANT, **environ}
        pieces = self._pages(whole, start_response)
        is_streamed = STREAMED in whole and whole["REQUEST_METHOD"] != "HEAD"
        body = FiberPieces(self._fibers, pieces) if is_streamed else b"".join(pieces)
        return int(started[0][:3]), started[1], body


class FiberPieces:
    """A body whose pieces are each made in a fiber."""

    def __init__(self, fibers: Fibers, pieces: Iterable[bytes]) -> None:
        """Take them from ``pieces``, which is closed in the end."""
        self._fibers = fibers
        self._pieces = pieces
        self._following = iter(pieces)

    def next(self, then: Got) -> None:
        """Make the next piece."""
        self._fibers.start(next, (self._following, None), then)

    def close(self) -> None:
        """Make no more."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            self._fibers.start(close, (), _closed)


Page = tuple[int, Fields, bytes | FiberPieces]


def _closed(_nothing: object, error: BaseException | None) -> None:
    if error is not None:
        _log.error("an answer in pieces did not end well", exc_info=error)


def _answer(respond: Respond, response: WireResponse | None, error: BaseException | None) -> None:
    if response is None:
        _failed(respond, error)
    else:
        respond(response.status, response.headers, response.body)


def _answer_page(respond: Respond, page: Page | None, error: BaseException | None) -> None:
    if page is None:
        _failed(respond, error)
    else:
        respond(*page)


def _failed(respond: Respond, error: BaseException | None) -> None:
    """Answer for what neither the handlers nor Flask caught: logged, and neutral to the caller."""
    _log.error("unexpected error", exc_info=error)
    respond(500, [("Content-Type", "application/json")], b'{"error":"server_error"}')


_CONSTANT: Final[Environ] = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "0",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": None,
    "wsgi.multithread": False,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class Metered:
    """An application whose answers are counted when they are handed to the server."""

    def __init__(self, application: Application, meter: Meter) -> None:
        """Take both."""
        self._application = application
        self._count = meter.count

    def __call__(self, environ: Environ, respond: Respond) -> None:
        """Answer one request and count it."""
        path, began, count = environ["PATH_INFO"], time.perf_counter_ns(), self._count

        def answered(status: int, fields: Any, body: Any) -> None:
            respond(status, fields, body)
            count(path, status, time.perf_counter_ns() - began)

        self._application(environ, answered)


def serve(listening: socket.socket, settings: Settings, workers: int, parent: int, meters: Path | None = None) -> None:
    """Be one of ``workers`` worker processes of ``parent`` until told to stop; ``meters`` is the directory in which it counts, if it does."""
    logs.configure(settings.log)
    wiring = Wiring(settings, workers=workers)
    ready = wiring.ready_routes()
    application = Application(wiring.hot_routes(), pages(wiring), wiring.reader, wiring.fibers, ready)
    show: Callable[[], None] | None = None
    answering: Answering = application
    if meters is not None:
        meter, show = worker_meter(wiring, meters)
        answering = Metered(application, meter)
    limits = Limits(max_body=MAX_BODY, connections=worker.room())
    desk = Desk(answering, wiring.reader.variables, limits, ready)
    # What the start has asked ran outside of fibers, on a connection that no request uses.
    wiring.database.close()
    # What has been imported and made by now stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    worker.serve(listening, desk, partial(_attach, wiring, show), parent)
    wiring.database.close()


def _attach(wiring: Wiring, show: Callable[[], None] | None, loop: asyncio.AbstractEventLoop) -> None:
    wiring.fibers.attach(loop)
    memory.give_back_regularly(loop)
    if show is not None:
        _show_again(loop, show)


def _show_again(loop: asyncio.AbstractEventLoop, show: Callable[[], None]) -> None:
    """Write this process's states for whoever reads them, and do so again."""
    show()
    loop.call_later(_SHOW_EVERY, _show_again, loop, show)
