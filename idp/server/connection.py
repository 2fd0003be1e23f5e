"""One connection: requests off it one after another, each bounded in size and time, and answers onto it in the same order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from io import BytesIO
from math import inf
from typing import Final, cast

from idp.server import answers
from idp.server.chunks import Chunks
from idp.server.desk import Desk, Fields
from idp.server.head import MAX_HEAD, Head, Malformed
from idp.server.streaming import Pieces, Sending

_log = logging.getLogger("idp.server")

_HEAD_END: Final = b"\r\n\r\n"
_AHEAD: Final = 256 * 1024
"""Octets that a client may send ahead of the answer it waits for; then its connection is read no further."""
_AT_A_TURN: Final = 8
"""Requests of one connection that are answered before others have their turn."""


class Connection(asyncio.Protocol):
    """The protocol object that the loop calls."""

    def __init__(self, desk: Desk, clock: Callable[[], float]) -> None:
        """Belong to a desk; ``clock`` is the loop's."""
        self._desk = desk
        self._clock = clock
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._address = ""
        self._received = bytearray()
        self._searched = 0
        self._head: Head | None = None
        self._chunks: Chunks | None = None
        self._is_busy = self._is_advancing = self._is_choked = self._is_ending = self._is_paused = self._at_eof = False
        self._has_unread_body = self._is_last = False
        self._sending: Sending | None = None
        self.deadline = inf

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        # On a socket for both families a peer of IPv4 looks like one of IPv6; whoever compares addresses means the former.
        self._address = str(peer[0]).removeprefix("::ffff:") if isinstance(peer, tuple) and peer else ""
        has_room = self._desk.make_room()
        self._desk.connections.add(self)
        if has_room:
            self.deadline = self._clock() + self._desk.limits.head
        else:
            self._refuse(503, "too many connections")

    def data_received(self, data: bytes) -> None:
        """Take octets of requests."""
        if self._is_ending:
            return
        received = self._received
        if not received and not self._is_busy and self._head is None:
            known = self._desk.repeated.get(data)
            if known is not None and not self._is_choked:
                self._dispatch(known, b"")
                return
            self.deadline = self._clock() + self._desk.limits.head
        received += data
        if not self._is_busy and not self._is_choked:
            self._advance()
        if len(received) > _AHEAD and not self._is_paused and not self._is_ending:
            self._is_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Let a request that is whole be answered; a client that has said its last word may still listen."""
        self._at_eof = True
        if self._received and not self._is_busy and not self._is_choked:
            self._advance()
        return self._is_busy or bool(self._received)  # Else closed, once what has been written is taken.

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the connection; a handler that still runs finishes its work and its answer goes nowhere."""
        self._is_ending = True
        self._received.clear()
        self._desk.connections.discard(self)
        if self._sending is not None:
            self._sending.stop()

    def pause_writing(self) -> None:
        """Answer nothing more until the client has read."""
        self._is_choked = True
        self.deadline = self._clock() + self._desk.limits.write

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._is_choked = False
        if self._sending is not None:
            self.deadline = inf
            self._sending.pull()
        elif not self._is_ending and not self._is_busy:
            self._rest()
            self._advance()

    # What the desk calls.

    @property
    def is_idle(self) -> bool:
        """Tell whether it is between two requests."""
        return not (self._is_busy or self._is_choked or self._is_ending or self._received or self._head)

    def end_if_idle(self) -> None:
        """Close if no request is under way."""
        if self.is_idle:
            self._close()

    def abort(self) -> None:
        """End at once, whatever is under way."""
        self._transport.abort()

    def expire(self) -> None:
        """End: the client took too long."""
        if self._is_ending or self._is_choked:
            self.abort()
        elif self._received or self._head is not None:
            self._refuse(408, "took too long")
        else:
            self._close()

    # Requests.

    def _advance(self) -> None:
        """Answer what is whole, in order, until something is not."""
        self._is_advancing = True
        try:
            for _ in range(_AT_A_TURN):
                if self._is_busy or self._is_choked or self._is_ending or (not self._received and self._head is None):
                    return
                if (self._head is None and not self._read_head()) or not self._read_body():
                    if self._at_eof:
                        self._close()
                    return
        except Malformed as error:
            self._refuse(error.status, error.reason)
            return
        finally:
            self._is_advancing = False
            self._read_on()
        asyncio.get_running_loop().call_soon(self._advance)

    def _read_head(self) -> bool:
        received = self._received
        if received[:2] == b"\r\n":
            del received[:2]  # RFC 9112 section 2.2: an empty line before the request line is let pass.
        end = received.find(_HEAD_END, self._searched)
        if end < 0 and len(received) <= MAX_HEAD:
            self._searched = max(0, len(received) - 3)
            return False
        if end < 0 or end > MAX_HEAD:
            raise Malformed("head too long", 431)
        self._searched = 0
        self._head = head = self._desk.read(bytes(received[:end]))
        del received[: end + 4]
        if head.length != 0:
            self._expect_body(head)
        return True

    def _expect_body(self, head: Head) -> None:
        limits = self._desk.limits
        self.deadline = self._clock() + limits.body
        if head.length is None:
            self._chunks = Chunks(limits.max_body)
        elif head.length > limits.max_body:
            return
        if head.awaits_go and not self._received:
            self._transport.write(answers.GO_ON)

    def _read_body(self) -> bool:
        """Take the body of the current request off, and dispatch it; False while it is not whole."""
        head, received = self._head, self._received
        if head is None:
            return False
        body = b""
        if self._chunks is not None:
            if not self._chunks.feed(received):
                return False
            # One octet too many tells the application that there was more than it reads.
            self._has_unread_body = self._chunks.is_too_long
            body = b"\0" * (self._desk.limits.max_body + 1) if self._has_unread_body else bytes(self._chunks.body)
            self._chunks = None
        elif head.length and head.length > self._desk.limits.max_body:
            self._has_unread_body = True
        elif head.length:
            if len(received) < head.length:
                return False
            body = bytes(received[: head.length])
            del received[: head.length]
        self._dispatch(head, body)
        return True

    def _dispatch(self, head: Head, body: bytes) -> None:
        self._head, self._is_busy, self.deadline = head, True, inf
        environ = {**head.environ, "REMOTE_ADDR": self._address, "wsgi.input": BytesIO(body)}
        self._desk.application(environ, self._respond)

    # Answers.

    def _respond(self, status: int, fields: Fields, body: bytes | Pieces) -> None:
        head = self._head
        if head is None or self._is_ending:
            self._is_busy = False
            if not isinstance(body, bytes):
                body.close()
            return
        self._is_last = self._is_last_after(head)
        is_chunked = head.is_modern and not isinstance(body, bytes)
        if not isinstance(body, bytes) and not is_chunked:
            self._is_last = True  # HTTP/1.0 knows no chunks: the end of the connection is that of the body.
        try:
            whole = answers.octets(
                status,
                fields,
                body if isinstance(body, bytes) else None,
                is_head=head.environ["REQUEST_METHOD"] == "HEAD",
                connection="close" if self._is_last else "keep-alive" if not head.is_modern else "",
                is_chunked=is_chunked,
            )
        except ValueError:
            _log.exception("an answer could not be sent")
            if not isinstance(body, bytes):
                body.close()
            self._refuse(500, "answer")
            return
        self._transport.write(whole)
        if isinstance(body, bytes):
            self._answered()
        else:
            self._sending = Sending(
                self._transport, body, is_chunked=is_chunked, has_room=lambda: not self._is_choked, done=self._sent
            )
            self._sending.pull()

    def _is_last_after(self, head: Head) -> bool:
        is_over = self._at_eof and not self._received
        return not head.is_persistent or self._has_unread_body or self._desk.is_draining or is_over

    def _sent(self, is_whole: bool) -> None:
        self._sending = None
        if is_whole:
            self._answered()
        else:
            self.abort()

    def _answered(self) -> None:
        """Close, or go on to the next request."""
        self._head, self._is_busy = None, False
        if self._is_last or (self._at_eof and not self._received):
            self._close()
            return
        if not self._is_choked:
            self._rest()
        if not self._is_advancing:
            self._read_on()
            if self._received:
                self._advance()

    def _read_on(self) -> None:
        """Take octets again once few lie here; also in the middle of a body, which may have been what there was too much of."""
        if self._is_paused and len(self._received) <= _AHEAD and not self._is_ending:
            self._is_paused = False
            self._transport.resume_reading()

    def _rest(self) -> None:
        limits = self._desk.limits
        self.deadline = self._clock() + (limits.head if self._received else limits.idle)

    def _refuse(self, status: int, reason: str) -> None:
        """Answer what could not be read, and end: where the next request would begin is not known."""
        _log.info("refused with %s: %s", status, reason)
        self._has_unread_body = True
        self._transport.write(answers.refusal(status))
        self._close()

    def _close(self) -> None:
        """End after what has been written. With octets unread a plain close is a reset, which can overtake the answer: so read on a moment."""
        self._is_ending = True
        self._received.clear()
        limits = self._desk.limits
        if self._has_unread_body and not self._at_eof and self._desk.may_linger and self._transport.can_write_eof():
            self.deadline = self._clock() + limits.linger
            if self._is_paused:
                self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self.deadline = self._clock() + limits.write
            self._transport.close()
