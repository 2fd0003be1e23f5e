"""JSON of tokens and key sets, read so that two parsers cannot disagree about it."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``; raises ``ValueError`` for anything else.

    Repeated member names are refused at every depth: which of the two counts differs between parsers (RFC 7515 section
    4, RFC 8725 section 2.4). So are ``NaN`` and ``Infinity``, which are not JSON, and nesting that exhausts the stack.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as cause:
        message = "nested too deeply"
        raise ValueError(message) from cause
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise ValueError(message)  # noqa: TRY004 - the contract is ValueError for every malformed input
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        message = "a member name is repeated"
        raise ValueError(message)
    return members


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)
