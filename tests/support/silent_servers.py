"""Servers that misbehave: one that accepts and never answers, one that passes bytes on slowly."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class HungServer:
    """Accepts connections and never says a word; ``connections`` counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.connections = 0
        self._held: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                held, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._held.append(held)

    def close(self) -> None:
        """Let go of everybody, and take nobody new."""
        # A mere close wakes nobody who waits in ``accept``, and until then the port takes connections.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._socket.close()
        for held in self._held:
            held.close()


class DrippingServer(HungServer):
    """Says a byte of an endless answer now and then, so that no single silence is long."""

    def __init__(self, pause: float, first: bytes = b"\x30\x84\x00\x10\x00\x00", then: bytes = b"\x00") -> None:
        self._stop = threading.Event()
        self._pause = pause
        self._first, self._then = first, then  # Unless told otherwise a message of a megabyte begins.
        super().__init__()
        threading.Thread(target=self._drip, daemon=True).start()

    def _drip(self) -> None:
        told: set[int] = set()
        while not self._stop.wait(self._pause):
            for held in tuple(self._held):
                with contextlib.suppress(OSError):
                    held.sendall(self._then if id(held) in told else self._first)
                    told.add(id(held))

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        super().close()


@contextlib.contextmanager
def hung() -> Iterator[HungServer]:
    """Run a server that never answers."""
    with contextlib.closing(HungServer()) as server:
        yield server


@contextlib.contextmanager
def dripping(pause: float, *answer: bytes) -> Iterator[DrippingServer]:
    """Run a server that answers for ever, or with ``answer``: its beginning and what follows."""
    with contextlib.closing(DrippingServer(pause, *answer)) as server:
        yield server
