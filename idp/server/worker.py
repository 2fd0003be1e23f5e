"""A worker process: one event loop over the listening socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvloop

from idp.server.connection import Connection
from idp.server.desk import CONNECTIONS, Desk

BACKLOG: Final = 1024
DRAIN: Final = 30.0
"""Seconds in which a worker may finish what it has begun."""
_LOOK: Final = 0.5
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
    server = await loop.create_server(lambda: Connection(desk, loop.time), sock=listening, backlog=BACKLOG)
    while not stop.is_set() and os.getppid() == parent:
        await _wait(stop, _LOOK)
        desk.sweep(loop.time())
    server.close()
    desk.drain()
    end = loop.time() + DRAIN
    while desk.connections and loop.time() < end:
        await asyncio.sleep(_LOOK / 10)
        desk.sweep(loop.time())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
