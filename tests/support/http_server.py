"""The server over a small application of its own, and clients that send octets as they like."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import uvloop

from idp.server.connection import Connection
from idp.server.desk import Desk, Limits, Respond
from idp.server.streaming import Got

VARIABLES = {
    "host": "HTTP_HOST",
    "content-length": "CONTENT_LENGTH",
    "content-type": "CONTENT_TYPE",
    "cookie": "HTTP_COOKIE",
    "authorization": "HTTP_AUTHORIZATION",
}
MAX_BODY = 64 * 1024
PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing here depends on how fast it goes."""


class Numbers:
    """Three pieces, or as many as asked; the one after ``fails_after`` cannot be made."""

    def __init__(self) -> None:
        self.count, self.size, self.fails_after = 3, 4, -1
        self.made = 0
        self.closed = threading.Event()

    def next(self, then: Got) -> None:
        """Make a piece."""
        if self.made == self.fails_after:
            then(None, RuntimeError("no more"))
        elif self.made == self.count:
            then(None, None)
        else:
            self.made += 1
            then(b"%d" % (self.made % 10) * self.size, None)

    def close(self) -> None:
        """Note it."""
        self.closed.set()


@dataclass
class Echo:
    """Answers what it was asked; ``/later`` when ``release`` is called, ``/big`` with five million octets."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    pieces: Numbers = field(default_factory=Numbers)
    waiting: list[Callable[[], Any]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], respond: Respond) -> None:
        body = environ.pop("wsgi.input").read()
        said = {**environ, "body": body.decode("latin-1") if len(body) < 100 else len(body)}
        self.seen.append(said)
        path = environ["PATH_INFO"]
        if path == "/later":
            loop = asyncio.get_running_loop()
            self.waiting.append(partial(loop.call_soon_threadsafe, respond, 200, (), b"later"))
            self.arrived.set()
        elif path == "/big":
            respond(200, (), b"x" * 5_000_000)
        elif path.startswith("/pieces"):
            respond(200, (("X-Pieces", "3"),), self.pieces)
        elif path == "/empty":
            respond(204, (), b"")
        elif path == "/torn":
            respond(200, (("Location", "/a\r\nSet-Cookie: b=c"),), b"")
        else:
            respond(200, (("Content-Type", "application/json"), ("X-Path", path)), json.dumps(said).encode())

    def release(self) -> None:
        """Let what waits be answered."""
        waiting, self.waiting = self.waiting, []
        for one in waiting:
            one()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return what the application was asked."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Client:
    """A connection on which anything may be said."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self._received = b""

    def send(self, *pieces: bytes) -> Self:
        """Send octets, each piece by itself."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.socket.sendall(piece)
        return self

    def answer(self, *, has_body: bool = True) -> Answer:
        """Return the next answer."""
        head = self._until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return Answer(int(lines[0].split(" ")[1]), headers, body)

    def is_ended(self) -> bool:
        """Wait for the end of the connection; True if nothing more came before it."""
        if self._received:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def go_on(self) -> bool:
        """Tell whether the server asks for the body."""
        return self._until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._more()
        found, _, self._received = self._received.partition(end)
        return found

    def _more(self) -> None:
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(self._received)
        self._received += piece


@dataclass
class Served:
    """A running server."""

    address: tuple[str, int]
    echo: Echo
    desk: Desk
    loop: asyncio.AbstractEventLoop
    clients: list[Client] = field(default_factory=list)
    passed: float = 0.0

    def client(self) -> Client:
        """Connect."""
        client = Client(self.address)
        self.clients.append(client)
        return client

    def ask(self, *pieces: bytes) -> Answer:
        """Send on a new connection and return the answer to it."""
        return self.client().send(*pieces).answer()

    def tell(self, what: Callable[[], Any]) -> None:
        """Run something on the loop's thread, and wait until it is done."""
        done = threading.Event()

        def act() -> None:
            what()
            done.set()

        self.loop.call_soon_threadsafe(act)
        assert done.wait(PATIENCE)

    def wait_for(self, state: str) -> None:
        """Wait until some connection is choked (``_is_choked``) or not read on (``_is_paused``): states that show on no wire."""
        self.until(lambda: any(getattr(one, state) for one in self.desk.connections))

    def now(self) -> float:
        """Return the moment on the server's clock: the loop's, and what a test let pass."""
        return self.loop.time() + self.passed

    def let_pass(self, seconds: float) -> None:
        """Let time pass on the server's clock."""
        self.tell(lambda: setattr(self, "passed", self.passed + seconds))

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so on the loop's thread."""
        end, found = time.monotonic() + PATIENCE, [False]
        while not found[-1]:
            assert time.monotonic() < end
            self.tell(lambda: found.append(is_so()))


@contextmanager
def served(limits: Limits | None = None, host: str = "127.0.0.1") -> Iterator[Served]:
    """Serve ``Echo`` on a free port of ``host``, on a thread of its own; ``::`` is a socket for both families."""
    echo = Echo()
    desk = Desk(echo, VARIABLES, limits or Limits(max_body=MAX_BODY), ["/public"])
    started, stop = threading.Event(), asyncio.Event()
    found: list[Served] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    async def main() -> None:
        loop = asyncio.get_running_loop()
        listening = socket.create_server((host, 0), family=family, dualstack_ipv6=family == socket.AF_INET6)
        running = Served(listening.getsockname()[:2], echo, desk, loop)
        server = await loop.create_server(lambda: Connection(desk, running.now), sock=listening)
        found.append(running)
        started.set()
        while not stop.is_set():
            await asyncio.sleep(0.02)
            desk.sweep(running.now())
        server.close()
        for connection in list(desk.connections):
            connection.abort()
        await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: uvloop.run(main()))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield found[0]
    finally:
        for client in found[0].clients:
            client.socket.close()
        found[0].loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
