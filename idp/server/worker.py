"""A worker process: one event loop over the listening socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import uvloop

from idp.server.connection import Connection
from idp.server.desk import CONNECTIONS, Desk

BACKLOG: Final = 1024
DRAIN: Final = 30.0
"""Seconds in which a worker may finish what it has begun."""
_LOOK: Final = 0.5
_SETTLE: Final = 0.2
"""Seconds in which the request of a connection that was just made has arrived."""
_OTHER_FILES: Final = 512
"""Descriptors beside those of connections: stores, directories, upstreams, logs, and connections that linger after a refusal."""


Attach = Callable[[asyncio.AbstractEventLoop], None]


def room() -> int:
    """Return how many connections a process may keep, having raised its limit of open files as far as it may and needs.

    A process without a free descriptor answers nobody: it opens neither its database nor a file. So connections leave room for those.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(CONNECTIONS, max(soft - _OTHER_FILES, soft // 2))


def serve(listening: socket.socket, desk: Desk, attach: Attach, parent: int) -> None:
    """Serve until SIGTERM or SIGINT, or until the process ``parent`` is gone; ``attach`` is given the loop before the first request.

    The parent's number is the caller's to know: who asks for it only after loading may be told that of whoever took in an orphan.
    """
    uvloop.run(_serve(listening, desk, attach, parent))


async def _serve(listening: socket.socket, desk: Desk, attach: Attach, parent: int) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    attach(loop)
    spare = listening.dup()
    server = await loop.create_server(lambda: Connection(desk, loop.time), sock=listening, backlog=BACKLOG)
    while not stop.is_set() and os.getppid() == parent:
        await _wait(stop, _LOOK)
        desk.sweep(loop.time())
    await shut(server, spare, desk)


async def shut(server: asyncio.AbstractServer, spare: socket.socket, desk: Desk) -> None:
    """Let nobody new in, and nobody down who has come: who stands in the kernel's queue has been told that he is connected, and may have asked.

    Closing the listening socket resets what waits there, so ``spare``, a copy of it, is held until that is taken in. Whoever has come has a
    moment to ask; every answer from now on is the last of its connection, what then is still idle ends, and what has
    begun has ``DRAIN`` seconds.
    """
    loop = asyncio.get_running_loop()
    desk.is_draining = True
    server.close()
    for one in _let_in(spare):
        await loop.connect_accepted_socket(lambda: Connection(desk, loop.time), one)
    if desk.connections:
        await asyncio.sleep(_SETTLE)
    desk.drain()
    end = loop.time() + DRAIN
    while desk.connections and loop.time() < end:
        await asyncio.sleep(_LOOK / 10)
        desk.sweep(loop.time())


def _let_in(spare: socket.socket) -> list[socket.socket]:
    """Return the connections that wait in the kernel's queue, and close it with nothing in between."""
    found = []
    # ``BlockingIOError``: nobody waits any more. Without descriptors nobody can be let in.
    with spare, suppress(OSError):
        spare.settimeout(0)
        while True:
            found.append(spare.accept()[0])
    return found


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
