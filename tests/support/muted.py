"""A way to a PostgreSQL server on which what a client says after the sign-in can be swallowed, as by a network that drops it without a word."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

_READY = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery, idle."""


class Muted:
    """A socket at ``path`` before the server's at ``server``; both are Unix sockets."""

    def __init__(self, path: Path, server: Path) -> None:
        """Listen from the beginning of the block."""
        self._path = path
        self._server = server
        self._open = ExitStack()
        self._threads: list[Thread] = []
        self.is_muted = False

    def __enter__(self) -> Self:
        """Listen."""
        listener = self._open.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(self._path))
        listener.listen()
        self._start(self._accept, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection, and wait for all threads."""
        # To close a socket wakes nobody who waits on it.
        with socket.socket(socket.AF_UNIX) as last:
            self._server = self._path.with_name("none")
            last.connect(str(self._path))
        self._threads[0].join()
        self._open.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *given: object) -> None:
        self._threads.append(Thread(target=work, args=given))  # type: ignore[arg-type]
        self._threads[-1].start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, server = listener.accept()[0], socket.socket(socket.AF_UNIX)
            for one in (client, server):
                self._open.callback(_end, one)
            try:
                server.connect(str(self._server))
            except FileNotFoundError:
                return
            ready: list[bool] = []
            self._start(self._carry, server, client, ready)
            self._start(self._carry_questions, client, server, ready)

    def _carry(self, server: socket.socket, client: socket.socket, ready: list[bool]) -> None:
        with suppress(OSError):
            while said := server.recv(65_536):
                if _READY in said:
                    ready.append(True)
                client.sendall(said)
        _end(client)

    def _carry_questions(self, client: socket.socket, server: socket.socket, ready: list[bool]) -> None:
        with suppress(OSError):
            while said := client.recv(65_536):
                if not (ready and self.is_muted):
                    server.sendall(said)
        _end(server)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
