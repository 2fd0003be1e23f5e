"""Values in the PostgreSQL protocol's own forms, for the few column types that the tables have (``tables.base``)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import pq

from idp.storage.database import Row

_TEXT, _BINARY = int(pq.Format.TEXT), int(pq.Format.BINARY)


def written(values: list[Any]) -> tuple[list[bytes | None], list[int]]:
    """Return parameters and their formats.

    Integers as text; texts and octets as they are, with their length. Raises ``psycopg.DataError`` for any other type, and for a text that
    PostgreSQL does not take.
    """
    encoded: list[bytes | None] = []
    formats: list[int] = []
    for value in values:
        if isinstance(value, str):
            encoded.append(_text_as_it_is(value))
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


_OBJECT_IDS: Final[Mapping[str, int]] = {"text": 25, "int4": 23, "int8": 20, "bytea": 17}
_ARRAY: Final = struct.Struct("!iiiii").pack
_LENGTH: Final = struct.Struct("!i").pack
_NULL: Final = b"\xff\xff\xff\xff"


def written_as(types: Sequence[str], values: Sequence[Any]) -> tuple[list[bytes | None], list[int]]:
    """Return parameters of known types, all in their binary form, and their formats.

    Raises ``psycopg.DataError`` for a value that is not of its place's type.
    """
    try:
        encoded = [None if value is None else _WRITERS[kind](value) for kind, value in zip(types, values, strict=True)]
    except (TypeError, struct.error) as error:
        message = f"a value is not of its column's type ({', '.join(types)})"
        raise psycopg.DataError(message) from error
    return encoded, [_BINARY] * len(encoded)


def joined(types: Sequence[str], callers: Sequence[Sequence[bytes | None]]) -> tuple[list[bytes | None], list[int]]:
    """Return what ``written_as`` made for many callers as one array for each place, and their formats.

    Arrays of one dimension as ``array_recv`` takes them: dimensions, whether NULL may be in it, the elements' type, their number, the first index;
    then the elements, each after its length, which is -1 for NULL.
    """
    arrays: list[bytes | None] = []
    for kind, values in zip(types, zip(*callers, strict=True), strict=True):
        parts = [_ARRAY(1, 1, _OBJECT_IDS[kind], len(values), 1)]
        for value in values:
            parts += (_NULL,) if value is None else (_LENGTH(len(value)), value)
        arrays.append(b"".join(parts))
    return arrays, [_BINARY] * len(arrays)


def _text_as_it_is(value: str) -> bytes:
    """PostgreSQL's texts hold all of Unicode but a zero, which would fail the batch of whoever else is in it. Raises ``psycopg.DataError``."""
    try:
        if "\0" not in value:
            return str.encode(value)
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair is no text"
        raise psycopg.DataError(message) from error
    message = "a text holds no zero"
    raise psycopg.DataError(message)


def _octets_as_they_are(value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value


_WRITERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "text": _text_as_it_is,
    "bytea": _octets_as_they_are,
    "int4": struct.Struct("!i").pack,
    "int8": struct.Struct("!q").pack,
}


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
