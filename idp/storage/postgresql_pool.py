"""Connections for the transactions of fibers: psycopg as everywhere, but a fiber that waits for the server pauses."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.abc import RV, PQGen

from idp.fibers import Fibers, in_fiber, wait

_ANSWER_SECONDS: Final = 15.0


class FiberConnection(psycopg.Connection[tuple[Any, ...]]):
    """Drives psycopg's generators from the event loop when a fiber asks."""

    fibers: Fibers

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a generator of psycopg's to its end; raises ``OperationalError`` when the server does not answer in time."""
        if not in_fiber():
            return super().wait(gen, interval, timeout)
        descriptor = self.pgconn.socket
        try:
            wanted = next(gen)
            while True:
                can_write = bool(wanted & psycopg.waiting.WAIT_W)
                try:
                    self.fibers.readable(descriptor, _ANSWER_SECONDS, write=can_write)
                except TimeoutError as error:
                    self.pgconn.finish()
                    message = "the server does not answer"
                    raise psycopg.OperationalError(message) from error
                # A wrong guess costs a turn: libpq looks for itself what the socket gives and takes.
                wanted = gen.send(psycopg.waiting.READY_RW if can_write else psycopg.waiting.READY_R)
        except StopIteration as end:
            result: RV = end.value
            return result


class FiberPool:
    """Lends connections to one fiber each."""

    def __init__(self, url: str, fibers: Fibers, most: int) -> None:
        """Take the server's URL, and how many connections there may be; they are made when needed."""
        self._url = url
        self._most = most
        self._fibers = fibers
        self._idle: list[FiberConnection] = []
        self._lent = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextmanager
    def connection(self) -> Iterator[FiberConnection]:
        """Yield a connection for the block; one that broke is not lent again."""
        while self._lent >= self._most:
            future: asyncio.Future[None] = self._fibers.loop.create_future()
            self._waiting.append(future)
            wait(future)
        self._lent += 1
        connection: FiberConnection | None = None
        try:
            connection = self._idle.pop() if self._idle else self._fibers.elsewhere(self._connect)
            yield connection
        finally:
            self._lent -= 1
            self._take_back(connection)
            if self._waiting:
                self._waiting.popleft().set_result(None)

    def close(self) -> None:
        """Close the connections that nobody has."""
        while self._idle:
            self._idle.pop().close()

    def _take_back(self, connection: FiberConnection | None) -> None:
        if connection is None or connection.closed:
            return
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _connect(self) -> FiberConnection:
        connection = FiberConnection.connect(self._url, autocommit=True, prepare_threshold=1, connect_timeout=5)
        connection.fibers = self._fibers
        return connection
