"""Bodies in chunks (RFC 9112 section 7.1), put together and bounded."""

from __future__ import annotations

from typing import Final

from idp.server.head import Malformed

_LINE_END: Final = b"\r\n"
_MAX_LINE: Final = 256
_MAX_TRAILERS: Final = 8 * 1024
_SIZE_DIGITS: Final = 8
_HEX: Final = b"0123456789abcdefABCDEF"
_TEXT: Final = bytes((9, *range(0x20, 0x7F), *range(0x80, 0x100)))


class Chunks:
    """Reads one body out of a connection's octets; ``body`` is what there is of it."""

    def __init__(self, limit: int) -> None:
        """Read at most ``limit`` octets of body."""
        self.body = bytearray()
        self.is_too_long = False
        self._limit = limit
        self._trailers: int | None = None

    def feed(self, octets: bytearray) -> bool:
        """Take whole chunks off the front of ``octets``; True once the body is complete or too long. Raises ``Malformed``."""
        while self._trailers is None:
            line = _line(octets)
            if line is None:
                return False
            size = _size(line)
            if len(self.body) + size > self._limit:
                self.is_too_long = True
                return True
            if size == 0:
                self._trailers = 0
                del octets[: len(line) + 2]
                break
            end = len(line) + 2 + size
            if len(octets) < end + 2:
                return False
            if octets[end : end + 2] != _LINE_END:
                raise Malformed("chunk longer than its size")
            self.body += octets[len(line) + 2 : end]
            del octets[: end + 2]
        return self._skip_trailers(octets)

    def _skip_trailers(self, octets: bytearray) -> bool:
        """Trailers say nothing here: they are bounded and thrown away."""
        while (line := _line(octets, _MAX_TRAILERS)) is not None:
            del octets[: len(line) + 2]
            if not line:
                return True
            self._trailers = (self._trailers or 0) + len(line) + 2
            if self._trailers > _MAX_TRAILERS:
                raise Malformed("trailers too long", 431)
        return False


def _line(octets: bytearray, limit: int = _MAX_LINE) -> bytes | None:
    """Return the first line without its end, or None while it is not whole."""
    end = octets.find(_LINE_END, 0, limit + 2)
    if end < 0:
        if len(octets) > limit + 1:
            raise Malformed("line too long")
        return None
    line = bytes(octets[:end])
    if line.translate(None, _TEXT):
        raise Malformed("control character")
    return line


def _size(line: bytes) -> int:
    """Return a chunk's size; extensions are ignored (section 7.1.1)."""
    size = line.partition(b";")[0].rstrip(b" \t")
    if not size or len(size) > _SIZE_DIGITS or size.translate(None, _HEX):
        raise Malformed("chunk size")
    return int(size, 16)
