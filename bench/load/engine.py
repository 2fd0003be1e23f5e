"""The closed loop: each connection sends its next request when the answer to the last one is whole.

One thread and one `selectors` loop drive all connections, so the driver takes at most one core and its own work
never counts: what is reported is the CPU time of the *server's* processes. A unit of work is a generator that
yields request bytes and is sent `Answer`s; it raises `BadAnswerError` when an answer is wrong.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from bench.load.wire import Answer, AnswerReader, BadAnswerError

type_unit = Generator[bytes, Answer, None]
UnitFactory = Callable[[], type_unit]

_STALL_SECONDS = 30.0


@dataclass(slots=True)
class Outcome:
    """What one run of the loop saw: seconds per unit (sorted), wall seconds, and errors by their text."""

    latencies: list[float] = field(default_factory=list)
    wall: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Return the latency in seconds below which `share` (0..1) of the units stayed."""
        if not self.latencies:
            return 0.0
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Connection:
    __slots__ = ("_address", "_factory", "_reader", "_started", "_unit", "socket")

    def __init__(self, address: tuple[str, int], factory: UnitFactory) -> None:
        self._address = address
        self._factory = factory
        self._reader = AnswerReader()
        self._unit: type_unit | None = None
        self._started = 0.0
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(self._address, timeout=_STALL_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def begin(self) -> None:
        self._started = time.perf_counter()
        self._unit = self._factory()
        self.socket.sendall(next(self._unit))

    def advance(self) -> float | None:
        """Read once; return the unit's seconds when it is finished. Raises `BadAnswerError`."""
        data = self.socket.recv(65536)
        if not data:
            message = "the server closed the connection"
            raise BadAnswerError(message)
        answer = self._reader.feed(data)
        if answer is None or self._unit is None:
            return None
        try:
            request = self._unit.send(answer)
        except StopIteration:
            return time.perf_counter() - self._started
        self.socket.sendall(request)
        return None

    def reopen(self) -> None:
        self.socket.close()
        self._reader = AnswerReader()
        self.socket = self._open()


class _Loop:
    def __init__(self, address: tuple[str, int], factories: list[UnitFactory], units: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._left = units
        self._busy = 0
        self.outcome = Outcome()
        self._connections = [_Connection(address, factory) for factory in factories]
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self) -> Outcome:
        started = time.perf_counter()
        for connection in self._connections:
            self._next(connection)
        while self._busy:
            ready = self._selector.select(_STALL_SECONDS)
            if not ready:
                self.outcome.errors[f"no answer for {_STALL_SECONDS:.0f} s"] += self._busy
                break
            for key, _ in ready:
                self._serve(key.data)
        self.outcome.wall = time.perf_counter() - started
        self.outcome.latencies.sort()
        self._close()
        return self.outcome

    def _next(self, connection: _Connection) -> None:
        if self._left > 0:
            self._left -= 1
            self._busy += 1
            connection.begin()

    def _serve(self, connection: _Connection) -> None:
        try:
            seconds = connection.advance()
        except (BadAnswerError, OSError) as error:
            self.outcome.errors[f"{type(error).__name__}: {error}"[:300]] += 1
            self._selector.unregister(connection.socket)
            connection.reopen()
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        else:
            if seconds is None:
                return
            self.outcome.latencies.append(seconds)
        self._busy -= 1
        self._next(connection)

    def _close(self) -> None:
        for connection in self._connections:
            connection.socket.close()
        self._selector.close()


def closed_loop(address: tuple[str, int], factories: list[UnitFactory], units: int) -> Outcome:
    """Run `units` units over one connection per factory; return what was seen.

    Every factory belongs to one connection, so state such as a chain of refresh tokens is never shared.
    """
    return _Loop(address, factories, units).run()
