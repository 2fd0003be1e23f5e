"""Values in the PostgreSQL protocol's own forms, for the few column types that the tables have (``tables.base``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
from psycopg import pq

from idp.storage.database import Row

_TEXT, _BINARY = int(pq.Format.TEXT), int(pq.Format.BINARY)


def written(values: list[Any]) -> tuple[list[bytes | None], list[int]]:
    """Return parameters and their formats.

    Integers as text; texts and octets as they are, with their length, so that nothing ends at a zero byte.
    Raises ``psycopg.DataError`` for any other type.
    """
    encoded: list[bytes | None] = []
    formats: list[int] = []
    for value in values:
        if isinstance(value, str):
            encoded.append(value.encode())
            formats.append(_BINARY)
        elif value is None or isinstance(value, bytes):
            encoded.append(value)
            formats.append(_BINARY)
        elif isinstance(value, int):
            encoded.append(b"%d" % value)
            formats.append(_TEXT)
        else:
            message = f"no column takes a {type(value).__name__}"
            raise psycopg.DataError(message)
    return encoded, formats


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def _text(raw: bytes) -> str:
    return raw.decode()


def _octets(raw: bytes) -> bytes:
    return bytes(raw)


def _flag(raw: bytes) -> bool:
    return raw == b"\x01"


_READERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    16: _flag,
    17: _octets,
    20: _integer,
    21: _integer,
    23: _integer,
    25: _text,
    1043: _text,
}
"""By the type's object id: bool, bytea, int8, int2, int4, text, varchar."""


def read_rows(result: pq.abc.PGresult) -> tuple[list[Row], int]:
    """Return the rows of a binary result and how many rows its statement touched; raises ``LookupError`` for an unknown type."""
    touched = result.command_tuples or 0
    if result.status != pq.ExecStatus.TUPLES_OK:
        return [], touched
    readers = [(column, _READERS[result.ftype(column)]) for column in range(result.nfields)]
    get = result.get_value
    rows = [
        tuple([None if (raw := get(at, column)) is None else read(raw) for column, read in readers])
        for at in range(result.ntuples)
    ]
    return rows, touched
