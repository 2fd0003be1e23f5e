"""A form with a file in it (RFC 7578): small, read whole, and strict about everything that two readers could take differently."""

from __future__ import annotations

import re
from typing import Final

from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import is_clean
from idp.protocol.wire import WireRequest

MULTIPART: Final = "multipart/form-data"
FILE_NAME: Final = ".filename"
"""Behind a field's name: under this stands what the browser calls the file."""
_BOUNDARY: Final = re.compile(
    r'multipart/form-data\s*;\s*boundary="?([A-Za-z0-9\'()+_,./:=?-]{1,70})"?\s*', re.IGNORECASE
)
_PARAMETER: Final = re.compile(r';\s*(name|filename)="([^"\\\r\n]*)"')
_MAX_PARTS: Final = 16
_LAYOUT: Final = dict.fromkeys(map(ord, "\t\r\n"))
"""What a text may hold of control characters: tabs and ends of lines."""


def is_multipart(request: WireRequest) -> bool:
    """Tell whether the body says that it is such a form."""
    return request.content_type.partition(";")[0].strip().lower() == MULTIPART


def multipart_fields(request: WireRequest) -> dict[str, tuple[str, ...]]:
    """Return the fields, files among them as text, a file's name under ``<field>.filename``; raises ``InvalidRequest``.

    Files are UTF-8 text here; a byte order mark is taken off. No name twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for head, body in _parts(request):
        named = dict(_PARAMETER.findall(head))
        name = named.get("name", "")
        # A field could be called like what a file brings with it, and be the file's name to one reader alone.
        if not name or name in found or name + FILE_NAME in found:
            raise InvalidRequest("a part of the form has no name, or one twice", reason="malformed_multipart")
        found[name] = (_text(body),)
        if "filename" in named:
            found[name + FILE_NAME] = (named["filename"].replace("\\", "/").rpartition("/")[2][:200],)
    return found


def _parts(request: WireRequest) -> list[tuple[str, bytes]]:
    """Return head and body of each part."""
    match = _BOUNDARY.fullmatch(request.content_type)
    if match is None:
        raise InvalidRequest("the form names no boundary", reason="malformed_multipart")
    mark = b"--" + match[1].encode()
    pieces = (b"\r\n" + request.body).split(b"\r\n" + mark)
    if len(pieces) > _MAX_PARTS + 2 or len(pieces) < 2 or pieces[0].strip() or pieces[-1].strip() != b"--":  # noqa: PLR2004 - first and last
        raise InvalidRequest("the form is cut off, or has too many parts", reason="malformed_multipart")
    found = []
    for piece in pieces[1:-1]:
        head, gap, body = piece.partition(b"\r\n\r\n")
        if not gap or not head.startswith(b"\r\n"):
            raise InvalidRequest("a part of the form has no head", reason="malformed_multipart")
        found.append((_disposition(head), body))
    return found


def _disposition(head: bytes) -> str:
    for line in _text(head).split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition" and value.strip().lower().startswith("form-data"):
            return value
    raise InvalidRequest("a part of the form does not say which field it is", reason="malformed_multipart")


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest("the form or its file is not UTF-8 text", reason="encoding") from error
    if not is_clean(text.translate(_LAYOUT)):
        raise InvalidRequest("the form or its file holds a control character", reason="control_character")
    return text
