"""The server's entry: every request runs the WSGI application in a fiber of its own, all of them on the event loop's one thread.

Granian hands requests over by RSGI (its own asynchronous interface, https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md).
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, Final, Protocol

from idp import logs
from idp.config import load
from idp.fibers import Fibers
from idp.protocol.wire import MAX_BODY
from idp.web.environ import HEADERS, STREAMED, Environ, EnvironReader
from idp.wiring import Wiring
from idp.wsgi import WORKERS, HotHandler, WsgiApp, guarded, pages

_COLLECT_AFTER: Final = 10_000
"""New containers after which cycles are looked for; requests make next to none, exceptions with their tracebacks some."""
_BODILESS: Final = frozenset({"GET", "HEAD"})


class Headers(Protocol):
    """What we use of RSGI's headers; values that are not ASCII are not among them."""

    def items(self) -> list[tuple[str, str]]:
        """Return names in lower case with their values, repeated names repeatedly."""
        ...


class Scope(Protocol):
    """What we use of RSGI's scope; ``path`` has been decoded, ``client`` is address and port."""

    proto: str
    method: str
    path: str
    query_string: str
    client: str
    headers: Headers


class Transport(Protocol):
    """What we use of RSGI's transport of a streamed response."""

    async def send_bytes(self, data: bytes) -> None:
        """Send a piece."""
        ...


class HttpProtocol(Protocol):
    """What we use of RSGI's protocol object."""

    async def __call__(self) -> bytes:
        """Return the whole body."""
        ...

    def __aiter__(self) -> Any:
        """Yield the body in pieces."""
        ...

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Transport:
        """Begin a response that comes in pieces."""
        ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the response."""
        ...


class RsgiApplication:
    """One worker process's application."""

    def __init__(self, hot: Mapping[str, HotHandler], pages: WsgiApp, reader: EnvironReader, fibers: Fibers) -> None:
        """Take the handlers of the hot paths, the WSGI application of everything else, and the fibers on which both pause."""
        self._hot = hot
        self._pages = pages
        self._reader = reader
        self._fibers = fibers

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the loop of this worker."""
        self._fibers.attach(loop)

    async def __rsgi__(self, scope: Scope, protocol: HttpProtocol) -> None:
        """Answer one request."""
        if scope.proto != "http":
            return
        environ = environ_of(scope, self._reader.variables)
        method = environ["REQUEST_METHOD"]
        if method not in _BODILESS:
            environ["wsgi.input"] = BytesIO(await _bounded(environ, protocol))
        handler = self._hot.get(environ["PATH_INFO"])
        if handler is None:
            status, headers, body = await self._fibers.run(self._page, environ)
            if not isinstance(body, bytes):
                await self._streamed(protocol, status, headers, body)
                return
        else:
            response = await self._fibers.run(guarded, handler, self._reader, environ)
            status, headers, body = response.status, list(response.headers), response.body
            if method == "HEAD":
                headers.append(("content-length", str(len(body))))
        protocol.response_bytes(status, headers, b"" if method == "HEAD" else body)

    async def _streamed(
        self, protocol: HttpProtocol, status: int, headers: list[tuple[str, str]], pieces: Iterable[bytes]
    ) -> None:
        """Send a body piece by piece, each made in a fiber; a client that went away ends it."""
        transport = protocol.response_stream(status, headers)
        following = iter(pieces)
        try:
            while (piece := await self._fibers.run(next, following, None)) is not None:
                await transport.send_bytes(piece)
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def _page(self, environ: Environ) -> tuple[int, list[tuple[str, str]], bytes | Iterable[bytes]]:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            started[:] = (status, headers)

        whole = {**_CONSTANT, **environ}
        pieces = self._pages(whole, start_response)
        is_streamed = STREAMED in whole and whole["REQUEST_METHOD"] != "HEAD"
        return int(started[0][:3]), started[1], pieces if is_streamed else b"".join(pieces)


def environ_of(scope: Scope, variables: Mapping[str, str] = HEADERS) -> Environ:
    """Return the CGI variables that the application reads of a request, ``variables`` by header; the body is still to come."""
    host, _, _port = scope.client.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        # WSGI's "bytes in a str" (PEP 3333); plain ASCII paths are what they are.
        "PATH_INFO": scope.path if scope.path.isascii() else scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": host.strip("[]"),
    }
    for name, value in scope.headers.items():
        key = variables.get(name)
        if key is None:
            continue
        if key in environ:
            # Repeated: cookies are joined as RFC 6265 section 5.4 writes them, anything else becomes a list (RFC 9110 section 5.3).
            value = f"{environ[key]}{'; ' if name == 'cookie' else ', '}{value}"  # noqa: PLW2901
        environ[key] = value
    return environ


async def _bounded(environ: Environ, protocol: HttpProtocol) -> bytes:
    """Return the body, or as much of it as shows that it is too long; what says so beforehand is not read at all."""
    length = environ.get("CONTENT_LENGTH", "")
    if length:
        return await protocol() if length.isdigit() and int(length) <= MAX_BODY else b""
    body = b""
    async for piece in protocol:
        body += piece
        if len(body) > MAX_BODY:
            break
    return body


_CONSTANT: Final[Environ] = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "0",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": BytesIO(),
    "wsgi.errors": None,
    "wsgi.multithread": False,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def create() -> RsgiApplication:
    """Return the application for one worker process; called by the server in each."""
    settings = load()
    logs.configure(settings.log)
    wiring = Wiring(settings, workers=int(os.environ.get(WORKERS, "1")))
    # What has been imported and made by now stays for good: the collector need not look at it again and again.
    application = RsgiApplication(wiring.hot_routes(), pages(wiring), wiring.reader, wiring.fibers)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    return application
