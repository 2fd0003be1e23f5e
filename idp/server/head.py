"""The head of a request, parsed strictly: request line and fields (RFC 9112 sections 2 to 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

MAX_HEAD: Final = 64 * 1024
"""Octets of request line and fields together."""
MAX_FIELDS: Final = 100

_LINE_END: Final = b"\r\n"
_TEXT: Final = bytes((9, *range(0x20, 0x7F), *range(0x80, 0x100)))
_TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TARGET: Final = bytes(number for number in range(0x21, 0x7F) if number != ord("#"))
_VERSIONS: Final = {b"HTTP/1.1": True, b"HTTP/1.0": False}
_METHODS: Final = {method.encode(): method for method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")}
_FRAMING: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"})
_LENGTH_DIGITS: Final = 15
_PARTS: Final = 3


_EVERYDAY: Final = frozenset(
    {
        b"host",
        b"user-agent",
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"content-type",
        b"content-length",
        b"connection",
        b"if-none-match",
        b"cache-control",
        b"pragma",
        b"origin",
        b"dnt",
        b"priority",
        b"upgrade-insecure-requests",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"sec-fetch-user",
        b"sec-gpc",
        b"sec-ch-ua",
        b"sec-ch-ua-mobile",
        b"sec-ch-ua-platform",
        b"x-forwarded-proto",
        b"x-forwarded-host",
    }
)
"""Fields that say the same in one request after another, and nothing secret: their lines are read once."""
_LONGEST: Final = 256
_MOST_LINES: Final = 512
"""Octets of a line that is remembered, and lines: 200 KB at most."""


class Malformed(Exception):
    """The request cannot be read in exactly one way; the connection ends with this status."""

    def __init__(self, reason: str, status: int = 400) -> None:
        """Take a reason for the log and the HTTP status."""
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Head:
    """What the fields say.

    ``environ`` has the CGI variables of the fields that the application reads; ``length`` is the body's in octets, None when it is chunked;
    ``is_persistent`` tells whether the connection may serve another request (``is_modern``: without being told so, which is HTTP/1.1);
    ``awaits_go`` that the client waits for ``100 Continue``.
    """

    __slots__ = ("awaits_go", "environ", "is_modern", "is_persistent", "length")

    def __init__(
        self, environ: dict[str, Any], length: int | None, *, is_modern: bool, is_persistent: bool, awaits_go: bool
    ) -> None:
        self.environ = environ
        self.length = length
        self.is_modern = is_modern
        self.is_persistent = is_persistent
        self.awaits_go = awaits_go


Field = tuple[bytes, bytes, str, str]
"""Lower-case name and value of a field; its CGI variable and that one's text, both "" where the application reads nothing of it."""


class Lines:
    """Lines of fields as they were read before, in one process; only of ``_EVERYDAY``, so that no credential stays in memory."""

    __slots__ = ("_known", "_variables", "find")

    def __init__(self, variables: Mapping[bytes, str]) -> None:
        """Take what maps lower-case field names to CGI variables."""
        self._variables = variables
        self._known: dict[bytes, Field] = {}
        self.find = self._known.get
        """Return the field of a line that is known, or None."""

    @staticmethod
    def is_everyday(block: bytes) -> bool:
        """Tell whether a head that could be read has only fields that say nothing secret."""
        return all(line.partition(b":")[0].lower() in _EVERYDAY for line in block.split(_LINE_END)[1:])

    def read(self, line: bytes) -> Field:
        """Return the field of a line; raises ``Malformed``."""
        name, colon, value = line.partition(b":")
        name = name.lower()
        variable = self._variables.get(name, "")
        # A line that begins with white space (an obsolete folding), or has some before the colon, has no token for a name.
        if not colon or (not variable and (not name or name.translate(None, _TOKEN))):
            raise Malformed("field name")
        value = value.strip(b" \t")
        kept = value
        if variable and not value.isascii():
            kept = _ascii_part(variable, value)
            variable = variable if kept else ""
        field = (name, value, variable, kept.decode("ascii") if variable else "")
        if name in _EVERYDAY and len(line) <= _LONGEST:
            if len(self._known) >= _MOST_LINES:
                self._known.clear()
            self._known[line] = field
        return field


def parse(block: bytes, known: Lines) -> Head:
    """Return the head whose octets, without the empty line at the end, are ``block``; raises ``Malformed``.

    ``known`` says which fields have a CGI variable; others are checked and left out, as are values, and single cookies, that are not ASCII.
    """
    lines = block.split(_LINE_END)
    # Apart from text there may be line ends and nothing else: no NUL, no bare CR or LF that another reader takes for an end of line.
    if block.translate(None, _TEXT) != _LINE_END * (len(lines) - 1):
        raise Malformed("control character")
    if len(lines) > MAX_FIELDS + 1:
        raise Malformed("too many fields", 431)
    environ, is_modern = _request_line(lines[0])
    framing: dict[bytes, bytes] = {}
    find, read = known.find, known.read
    for line in lines[1:]:
        name, value, variable, text = find(line) or read(line)
        if name in _FRAMING:
            framing[name] = value if name not in framing else _both(name, framing[name], value)
        if variable:
            environ[variable] = text if variable not in environ else _joined(variable, environ[variable], text)
    if is_modern and b"host" not in framing:
        raise Malformed("no Host")
    return Head(
        environ,
        _length(framing, is_modern=is_modern),
        is_modern=is_modern,
        is_persistent=_is_persistent(framing, is_modern=is_modern),
        awaits_go=_awaits_go(framing, is_modern=is_modern),
    )


def _request_line(line: bytes) -> tuple[dict[str, Any], bool]:
    parts = line.split(b" ")
    if len(parts) != _PARTS:
        raise Malformed("request line")
    method, target, version = parts
    if version not in _VERSIONS:
        raise Malformed("version", 505 if version[:5] == b"HTTP/" else 400)
    if method not in _METHODS and (not method or method.translate(None, _TOKEN)):
        raise Malformed("method")
    if target.translate(None, _TARGET):
        raise Malformed("target")
    if target[:1] != b"/":
        target = _path_of(target)
    path, _, query = target.partition(b"?")
    if b"%" in path:
        path = unquote_to_bytes(path)
    # WSGI's "bytes in a str" (PEP 3333).
    environ = {
        "REQUEST_METHOD": _METHODS.get(method) or method.decode("ascii"),
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": query.decode("ascii"),
    }
    return environ, _VERSIONS[version]


def _path_of(target: bytes) -> bytes:
    """Return path and query of an absolute target, which a server must understand (RFC 9112 section 3.2.2)."""
    scheme, separator, rest = target.partition(b"://")
    if not separator or scheme.lower() not in {b"http", b"https"}:
        raise Malformed("target")
    authority, slash, path = rest.partition(b"/")
    if not authority or b"?" in authority:
        raise Malformed("target")
    return slash + path or b"/"


def _both(name: bytes, first: bytes, second: bytes) -> bytes:
    """Return a framing field that is there twice; only ``Connection`` may be, as the attack is that two readers heed different ones."""
    if name != b"connection":
        raise Malformed("framing field twice")
    return first + b"," + second


def _joined(variable: str, first: str, second: str) -> str:
    """Cookies are joined as RFC 6265 section 5.4 writes them, anything else becomes a list (RFC 9110 section 5.3)."""
    return f"{first}{'; ' if variable == 'HTTP_COOKIE' else ', '}{second}"


def _ascii_part(variable: str, value: bytes) -> bytes:
    """Return the cookies that are ASCII, as ours are: one that another system under the same domain has left keeps nobody from signing in."""
    if variable != "HTTP_COOKIE":
        return b""
    return b"; ".join(one.strip(b" \t") for one in value.split(b";") if one.isascii())


def _length(framing: Mapping[bytes, bytes], *, is_modern: bool) -> int | None:
    """Return how long the body is (RFC 9112 section 6.3); both ways of saying so at once is how requests are smuggled."""
    length, coding = framing.get(b"content-length"), framing.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or not is_modern:
            raise Malformed("Transfer-Encoding beside Content-Length or in HTTP/1.0")
        if coding.lower() != b"chunked":
            raise Malformed("transfer coding", 501)
        return None
    if length is None:
        return 0
    if not length.isdigit() or len(length) > _LENGTH_DIGITS:
        raise Malformed("Content-Length")
    return int(length)


def _is_persistent(framing: Mapping[bytes, bytes], *, is_modern: bool) -> bool:
    """RFC 9112 section 9.3."""
    if b"connection" not in framing:
        return is_modern
    options = {option.strip(b" \t") for option in framing[b"connection"].lower().split(b",")}
    return b"close" not in options and (is_modern or b"keep-alive" in options)


def _awaits_go(framing: Mapping[bytes, bytes], *, is_modern: bool) -> bool:
    """RFC 9110 section 10.1.1: an expectation in HTTP/1.0 is ignored, an unknown one refused."""
    expectation = framing.get(b"expect")
    if expectation is None or not is_modern:
        return False
    if expectation.lower() != b"100-continue":
        raise Malformed("expectation", 417)
    return True
