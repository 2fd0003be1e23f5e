"""HTTP/1.1 on raw bytes: requests are built once, answers are parsed only as far as a check reads them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

import orjson

_CRLF: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"


class BadAnswerError(Exception):
    """An answer that is not what a correct server says; counted as an error of the unit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: status, header block (lower-case names are not assumed), body without chunk framing."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first value of a header, by name in any case, or None."""
        wanted = name.lower().encode() + b":"
        for line in self.head.split(_CRLF)[1:]:
            if line[: len(wanted)].lower() == wanted:
                return line[len(wanted) :].strip().decode("latin-1")
        return None

    def must_be(self, status: int) -> Answer:
        """Return itself, or raise `BadAnswerError` when the status is another."""
        if self.status != status:
            message = f"status {self.status}, not {status}: {self.body[:200]!r}"
            raise BadAnswerError(message)
        return self

    def json(self) -> dict[str, object]:
        """Return the body as a JSON object; raise `BadAnswerError` for anything else."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            message = f"not JSON: {self.body[:200]!r}"
            raise BadAnswerError(message) from error
        if not isinstance(value, dict):
            message = "not a JSON object"
            raise BadAnswerError(message)
        return value


@dataclass(slots=True)
class AnswerReader:
    """Collects one connection's bytes until an answer is whole; one answer at a time (no pipelining)."""

    buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Answer | None:
        """Add bytes; return the answer once it is whole."""
        self.buffer += data
        end = self.buffer.find(_HEAD_END)
        if end < 0:
            return None
        head = bytes(self.buffer[:end])
        status = int(head[9:12])
        lowered = head.lower()
        start = end + len(_HEAD_END)
        if b"\r\ntransfer-encoding: chunked" in lowered:
            body, after = _unchunk(self.buffer, start)
        else:
            length = _content_length(lowered, status)
            after = start + length
            body = bytes(self.buffer[start:after]) if len(self.buffer) >= after else None
        if body is None:
            return None
        del self.buffer[:after]
        return Answer(status, head, body)


def _content_length(lowered_head: bytes, status: int) -> int:
    at = lowered_head.find(b"\r\ncontent-length:")
    if at < 0:
        if status in {204, 304}:
            return 0
        message = "an answer with neither a length nor chunks"
        raise BadAnswerError(message)
    return int(lowered_head[at + 17 :].split(_CRLF, 1)[0])


def _unchunk(buffer: bytearray, at: int) -> tuple[bytes | None, int]:
    parts: list[bytes] = []
    while True:
        line_end = buffer.find(_CRLF, at)
        if line_end < 0:
            return None, at
        size = int(buffer[at:line_end].split(b";", 1)[0], 16)
        after = line_end + 2 + size + 2
        if len(buffer) < after:
            return None, at
        if size == 0:
            return b"".join(parts), after
        parts.append(bytes(buffer[line_end + 2 : line_end + 2 + size]))
        at = after


def get(url: str, **headers: str) -> bytes:
    """Build a GET for an absolute URL; header names are keywords with `_` for `-`."""
    return _request("GET", url, headers, b"")


def post_form(url: str, fields: dict[str, str], **headers: str) -> bytes:
    """Build a POST of form fields to an absolute URL."""
    headers = {"content_type": "application/x-www-form-urlencoded", **headers}
    return _request("POST", url, headers, urlencode(fields).encode())


def basic(client_id: str, client_secret: str) -> str:
    """Return the value of an `Authorization` header for client_secret_basic (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return "Basic " + b64encode(pair.encode()).decode()


def _request(method: str, url: str, headers: dict[str, str], body: bytes) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target or '/'} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + body
