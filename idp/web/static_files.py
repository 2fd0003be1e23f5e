"""Static files as bytes with hashed names, so that they are cached for ever and change at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from idp.protocol.wire import WireResponse

_TYPES: Final = MappingProxyType(
    {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file: its hashed name and the ready response."""

    name: str
    response: WireResponse


@cache
def static_files() -> MappingProxyType[str, StaticFile]:
    """Return all files by their plain name."""
    found = {}
    for entry in resources.files("idp.web").joinpath("static").iterdir():
        stem, _, kind = entry.name.rpartition(".")
        if kind in _TYPES:
            body = entry.read_bytes()
            hashed = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{kind}"
            headers = (
                ("Content-Type", _TYPES[kind]),
                ("Cache-Control", "public, max-age=31536000, immutable"),
                ("X-Content-Type-Options", "nosniff"),
            )
            found[entry.name] = StaticFile(hashed, WireResponse(200, headers, body))
    return MappingProxyType(found)


def static_url(name: str) -> str:
    """Return the path of a file for a page."""
    return f"/static/{static_files()[name].name}"


@cache
def by_hashed_name() -> MappingProxyType[str, WireResponse]:
    """Return the responses by the name that pages ask for."""
    return MappingProxyType({each.name: each.response for each in static_files().values()})
