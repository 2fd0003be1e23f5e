"""Sectors: who sees the same ``sub`` for a person.

OpenID Connect Core section 8.1 derives the sector from a host name. Here it is an opaque id of our own that a client
gets once and keeps: a host that is renamed, or a commune that is merged, changes no ``sub``, and redirect URIs on
several hosts need no ``sector_identifier_uri``. Two clients of one system share a sector because an operator says so, or because
both registered a ``sector_identifier_uri`` on one host, whose owner lists the redirect URIs of both there; each of them
can then tell that both see the same person.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from clients.errors import MetadataError

PREFIX: Final = "sec_"
_SECTOR: Final = re.compile(rf"{PREFIX}[0-9a-z]{{1,64}}")


def new_sector_id(new_id: Callable[[], str]) -> str:
    """Return a new sector of one client; ``new_id`` makes opaque ids of lower case letters and digits."""
    return PREFIX + new_id()


def of_uri(sector_identifier_uri: str) -> str:
    """Return the sector of all clients whose ``sector_identifier_uri`` is on this host (OpenID Connect Core section 8.1)."""
    host = (urlsplit(sector_identifier_uri).hostname or "").lower()
    return PREFIX + hashlib.sha256(b"sector_identifier_uri\0" + host.encode()).hexdigest()


def fault(sector: object) -> MetadataError | None:
    """Return what is wrong with a sector that an operator gave, None for a well-formed one."""
    if isinstance(sector, str) and _SECTOR.fullmatch(sector):
        return None
    return MetadataError("sector", "not_sector", f"must be the sector_id of another client, which begins with {PREFIX}")
