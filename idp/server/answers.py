"""Answers as octets (RFC 9112 section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import Final

GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_TEXT: Final = bytes((9, *range(0x20, 0x7F), *range(0x80, 0x100)))
_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}
_LENGTH_CHARACTERS: Final = len("content-length")
_BODILESS: Final = frozenset({204, 304})
_REFUSED: Final = (("Content-Type", "text/plain"), ("Cache-Control", "no-store"))


class _Dates:
    """The value of ``Date``, made once a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = ""

    def line(self) -> str:
        """Return the field of this second (RFC 9110 section 6.6.1)."""
        second = int(time())
        if second != self._second:
            self._second, self._line = second, f"Date: {formatdate(second, usegmt=True)}"
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
    lines = [_LINES.get(status) or f"HTTP/1.1 {status} ", _DATES.line()]
    length = str(len(body)) if body is not None else ""
    for name, value in fields:
        if len(name) == _LENGTH_CHARACTERS and name.lower() == "content-length":
            length = value if is_head else length
        else:
            lines.append(f"{name}: {value}")
    if is_chunked:
        lines.append("Transfer-Encoding: chunked")
    elif length and status not in _BODILESS:
        lines.append(f"Content-Length: {length}")
    if connection:
        lines.append(f"Connection: {connection}")
    head = "\r\n".join(lines).encode("latin-1")
    if head.translate(None, _TEXT) != b"\r\n" * (len(lines) - 1):
        message = "a field of an answer holds a control character"
        raise ValueError(message)
    return head + b"\r\n\r\n" + (b"" if is_head or body is None or status in _BODILESS else body)


def refusal(status: int) -> bytes:
    """Return the answer to a request that could not be read; the connection ends with it."""
    return octets(status, _REFUSED, f"{_LINES[status][9:]}\n".encode(), connection="close")
