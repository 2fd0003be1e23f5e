"""A worker that is told to end: who has connected by then is answered, who comes later finds the door closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvloop

from idp.server.connection import Connection
from idp.server.desk import Desk, Limits
from idp.server.worker import shut
from tests.support.http_server import MAX_BODY, PATIENCE, VARIABLES, Client, Echo

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 40


async def _shut_at_once(listening: socket.socket, desk: Desk) -> None:
    """Serve and end before the loop has looked at its sockets once."""
    loop = asyncio.get_running_loop()
    spare = listening.dup()
    server = await loop.create_server(lambda: Connection(desk, loop.time), sock=listening)
    await shut(server, spare, desk)


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=2 * MANY) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def clients(door: socket.socket) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        made = [Client(door.getsockname()) for _ in range(MANY)]
        for one in made:
            stack.callback(one.socket.close)
        yield made


@pytest.fixture
def desk() -> Desk:
    return Desk(Echo(), VARIABLES, Limits(max_body=MAX_BODY))


def test_who_waits_in_the_queue_of_the_kernel_is_answered_and_nobody_is_reset(
    door: socket.socket, clients: list[Client], desk: Desk
) -> None:
    address = door.getsockname()
    for one in clients:
        one.send(GET)
    uvloop.run(_shut_at_once(door, desk))
    answers = [one.answer() for one in clients]
    assert [(one.status, one.headers["connection"]) for one in answers] == [(200, "close")] * MANY
    assert all(one.is_ended() for one in clients)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=PATIENCE)


def test_who_waits_and_asks_nothing_does_not_hold_the_end_up(
    door: socket.socket, clients: list[Client], desk: Desk
) -> None:
    uvloop.run(_shut_at_once(door, desk))
    assert not desk.connections
    assert all(one.is_ended() for one in clients)
