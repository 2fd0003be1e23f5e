"""A worker process: one event loop over the listening socket, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvloop

from idp.server.connection import Connection
from idp.server.desk import Desk

BACKLOG: Final = 1024
DRAIN: Final = 30.0
"""Seconds in which a worker may finish what it has begun."""
_LOOK: Final = 0.5


def serve(listening: socket.socket, desk: Desk, attach: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process is gone; ``attach`` is given the loop before the first request."""
    uvloop.run(_serve(listening, desk, attach))


async def _serve(listening: socket.socket, desk: Desk, attach: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    loop, stop, parent = asyncio.get_running_loop(), asyncio.Event(), os.getppid()
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
