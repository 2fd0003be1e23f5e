"""Grants that lie in the database before the load starts, as of years of use: spread over people, sessions and time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

from idp.storage.open import open_database
from idp.storage.tables import grants
from tests.support.provider import Provider

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PEOPLE: Final = 400_000
_CLIENTS: Final = 60
_CHUNK: Final = 20_000
_SPAN: Final = 180 * 86_400
"""Seconds over which they were made: the ids of half a year."""


def load(provider: Provider, database_url: str, count: int, now: int) -> None:
    """Put `count` grants into an initialised deployment."""
    database = open_database(database_url, Path(provider.home) / "dinhdanh.sqlite3")
    columns = [column.name for column in grants.columns]
    made = random.Random(count)
    for start in range(0, count, _CHUNK):
        rows = [_row(made, start + at, count, now, columns) for at in range(min(_CHUNK, count - start))]
        with database.transaction() as tx:
            tx.load(grants, columns, rows)
    database.close()


def _row(made: random.Random, number: int, count: int, now: int, columns: list[str]) -> tuple[Any, ...]:
    at = now - _SPAN + _SPAN * number // count
    person = made.randrange(_PEOPLE)
    values: dict[str, Any] = dict.fromkeys(columns)
    values |= {
        "id": _id(at * 1000, made), "account_id": f"account-{person:020}", "client_id": f"client-{made.randrange(_CLIENTS)}",
        "session_id": f"session-{person:018}", "sub": f"{made.getrandbits(160):040x}", "scope": "openid profile email",
        "claims": 7, "auth_time": at, "acr": "urn:dinhdanh:loa:1", "amr": "pwd", "created_at": at,
        "expires_at": at + 30 * 86_400 + _SPAN, "offline": number % 2, "generation": 1 + number % 7, "rotated_at": at,
        "grace_used": 0, "resources": "", "bound_to": "", "mandate_id": "",
    }  # fmt: skip
    return tuple(values[name] for name in columns)


def _id(milliseconds: int, made: random.Random) -> str:
    """Return an id as `handles.new_id` would have made it at that moment."""
    value = milliseconds << 80 | 0x7 << 76 | made.getrandbits(76)
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))
