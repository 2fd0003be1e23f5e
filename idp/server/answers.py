"""Answers as octets (RFC 9112 section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import Final

GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_TEXT: Final = bytes((9, *range(0x20, 0x7F), *range(0x80, 0x100)))
_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_LENGTH_CHARACTERS: Final = len("content-length")
_BODILESS: Final = frozenset({204, 304})
_REFUSED: Final = (("Content-Type", "text/plain"), ("Cache-Control", "no-store"))


_CONSTANT: Final = frozenset(
    {
        "Content-Type",
        "X-Content-Type-Options",
        "Cache-Control",
        "Pragma",
        "ETag",
        "Vary",
        "Allow",
        "Referrer-Policy",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
    }
)
"""Fields that are the same in one answer after another, and nobody's secret."""
_MOST: Final = 64


class _Written:
    """Fields of answers as octets; those that only ``_CONSTANT`` have are written once."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[bytes, bytes]] = {}

    def find(self, fields: Iterable[tuple[str, str]]) -> tuple[bytes, bytes] | None:
        """Return what ``read`` does if it is known."""
        return self._known.get(fields) if type(fields) is tuple else None

    def read(self, fields: Iterable[tuple[str, str]]) -> tuple[bytes, bytes]:
        """Return the lines of fields and, apart, the length that they state; raises ``ValueError`` for a control character in them."""
        if type(fields) is tuple and len(fields) > 1 and fields[0][0] not in _CONSTANT:
            first, rest = self.read(fields[:1]), self.find(fields[1:]) or self.read(fields[1:])
            return first[0] + rest[0], rest[1] or first[1]
        lines, length, is_constant = [], "", type(fields) is tuple
        for name, value in fields:
            is_constant = is_constant and name in _CONSTANT
            if len(name) == _LENGTH_CHARACTERS and name.lower() == "content-length":
                length = value
            else:
                lines.append(f"{name}: {value}\r\n")
        text, stated = "".join(lines).encode("latin-1"), length.encode("latin-1")
        if text.translate(None, _TEXT) != b"\r\n" * len(lines) or stated.translate(None, _TEXT):
            message = "a field of an answer holds a control character"
            raise ValueError(message)
        if is_constant:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[fields] = text, stated
        return text, stated


_KNOWN: Final = _Written()


class _Dates:
    """The value of ``Date``, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        """Return the field of this second (RFC 9110 section 6.6.1)."""
        second = int(time())
        if second != self._second:
            self._second, self._line = second, f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line


_DATES: Final = _Dates()


def octets(
    status: int,
    fields: Iterable[tuple[str, str]],
    body: bytes | None,
    *,
    is_head: bool = False,
    connection: str = "",
    is_chunked: bool = False,
) -> bytes:
    """Return a whole answer, or its head where ``body`` is None and follows in pieces; ``connection`` is the value of ``Connection``, if any.

    The length is ours to say, but for the answer to HEAD, whose body is not here. Raises ``ValueError`` for a field with a control character: the
    attack is a value that brings its own line end and a second answer with it.
    """
    written, stated = _KNOWN.find(fields) or _KNOWN.read(fields)
    framing = b""
    if is_chunked:
        framing = b"Transfer-Encoding: chunked\r\n"
    elif status not in _BODILESS and (body is not None or (is_head and stated)):
        framing = b"Content-Length: %b\r\n" % (stated if is_head and stated else b"%d" % len(body or b""))
    if connection:
        framing += f"Connection: {connection}\r\n".encode()
    line = _LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode()
    content = b"" if is_head or body is None or status in _BODILESS else body
    return b"".join((line, _DATES.line(), written, framing, b"\r\n", content))


def refusal(status: int) -> bytes:
    """Return the answer to a request that could not be read; the connection ends with it."""
    return octets(status, _REFUSED, _LINES[status][9:-2] + b"\n", connection="close")
