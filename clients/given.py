"""What an operator may decide for a client beside its metadata: its id, its secret, the sector that it shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients import secrets, sectors
from clients.errors import MetadataError
from clients.model import Client

FIELDS: Final = frozenset({"client_id", "client_secret", "sector"})
_CLIENT_ID: Final = re.compile(r"[0-9A-Za-z._~-]{1,128}")
"""Unreserved characters (RFC 3986 section 2.3): the same in a URL, in Basic credentials and in a log line."""


@dataclass(frozen=True, slots=True)
class Given:
    """The operator's own values, None where the registry makes one."""

    client_id: str | None = None
    client_secret: str | None = None
    sector: str | None = None


def read(document: Mapping[str, Any]) -> tuple[Given, list[MetadataError]]:
    """Return what was given and every fault of it; null is the same as absent."""
    values = {name: document.get(name) for name in sorted(FIELDS)}
    faults = [_CHECKS[name](value) for name, value in values.items() if value is not None]
    found = [fault for fault in faults if fault is not None]
    return (Given() if found else Given(**values)), found


def changes(document: Mapping[str, Any], client: Client, now: int) -> list[MetadataError]:
    """Return a fault for each value that an update of ``client`` would change and must not.

    An id is for ever, another sector would give every person another ``sub``, and secrets change by rotation, which
    keeps the old one alive for a while. Repeating what holds is no change (RFC 7592 section 2.2).
    """
    found = []
    if document.get("client_id") not in (None, client.client_id):
        found.append(MetadataError("client_id", "immutable", "must be the id of the client that is updated"))
    found.extend(
        MetadataError(name, "immutable", "must stay: another sector would change every sub")
        for name in ("sector", "sector_id")
        if document.get(name) not in (None, client.sector_id)
    )
    secret = document.get("client_secret")
    if secret is not None and not (isinstance(secret, str) and secrets.is_valid(client.secrets, secret, now)):
        found.append(MetadataError("client_secret", "immutable", "must be left out: secrets change by rotation"))
    return found


def _client_id_fault(value: object) -> MetadataError | None:
    if isinstance(value, str) and _CLIENT_ID.fullmatch(value):
        return None
    return MetadataError("client_id", "characters", "must be 1 to 128 letters, digits or . _ ~ -")


_CHECKS: Final = {"client_id": _client_id_fault, "client_secret": secrets.fault, "sector": sectors.fault}
