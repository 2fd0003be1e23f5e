"""A body that leaves in pieces, each made only when the client has room for it (RFC 9112 section 7.1)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

_log = logging.getLogger("idp.server")

Got = Callable[[bytes | None, BaseException | None], None]


class Pieces(Protocol):
    """Where the pieces come from."""

    def next(self, then: Got) -> None:
        """Call ``then`` with the next piece, or None after the last, or with what went wrong: at once or later, on the loop's thread."""
        ...

    def close(self) -> None:
        """Make no more; never called while a piece is being made."""
        ...


class Sending:
    """One body on its way."""

    def __init__(
        self,
        transport: asyncio.Transport,
        pieces: Pieces,
        *,
        is_chunked: bool,
        has_room: Callable[[], bool],
        done: Callable[[bool], None],
    ) -> None:
        """Send ``pieces`` as chunks, or bare where the end of the connection is the body's; ``done`` is told whether all of it was sent."""
        self._has_room = has_room
        self._transport = transport
        self._pieces = pieces
        self._is_chunked = is_chunked
        self._done = done
        self._is_waiting = self._is_over = False

    def pull(self) -> None:
        """Send the next piece; called at the beginning, and whenever there is room again."""
        if not (self._is_waiting or self._is_over):
            self._is_waiting = True
            self._pieces.next(self._got)

    def stop(self) -> None:
        """The client is gone: make no more."""
        if self._is_over:
            return
        self._is_over = True
        if not self._is_waiting:
            self._pieces.close()

    def _got(self, piece: bytes | None, error: BaseException | None) -> None:
        self._is_waiting = False
        if self._is_over:
            self._pieces.close()
        elif error is not None:
            # The status has gone out: only the missing end can still say that something is missing.
            _log.error("an answer broke off", exc_info=error)
            self._end(is_whole=False)
        elif piece is None:
            if self._is_chunked:
                self._transport.write(b"0\r\n\r\n")
            self._end(is_whole=True)
        else:
            if piece:
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._is_chunked else piece)
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._has_room():
            self.pull()

    def _end(self, *, is_whole: bool) -> None:
        self._is_over = True
        self._pieces.close()
        self._done(is_whole)
