"""What comes with a request, checked against its row of the table: path, query, version, body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from idp.endpoints.api.operation import Parameter
from idp.endpoints.api.problems import Problem
from idp.endpoints.api.schema import Schema, SchemaFault, faults
from idp.protocol.errors import InvalidRequest
from idp.protocol.parameters import query_parameters
from idp.protocol.wire import WireRequest
from keys import base64url
from keys.strict_json import read_object

_JSON: Final = "application/json"
_TAG: Final = re.compile(r'"([0-9]{1,18})"')
_LONGEST: Final = 512
_FLAGS: Final = {"true": True, "false": False}
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_REFERENCE: Final = "#/components/schemas/"


def variables_of(match: re.Match[str]) -> dict[str, str]:
    """Return the variables of a path. One that begins with ``~`` is base64url: a client's id may be an address with slashes."""
    found = {}
    for name, value in match.groupdict().items():
        plain = _unwrapped(value) if value.startswith("~") else value
        if not plain.isprintable() or len(value) > _LONGEST:
            raise Problem(404, "not_found")
        found[name] = plain
    return found


def query_of(request: WireRequest, rows: tuple[Parameter, ...]) -> dict[str, Any]:
    """Return the parameters of a query with their types; raises ``Problem``."""
    try:
        given = query_parameters(request)
    except InvalidRequest as error:
        raise Problem(400, "malformed_query", error.description) from error
    known = {row.name: row for row in rows}
    found: list[SchemaFault] = [
        SchemaFault(name[:64], "unknown", "is not known here") for name in given if name not in known
    ]
    values: dict[str, Any] = {}
    for name, row in known.items():
        if name not in given:
            found += [SchemaFault(name, "missing", "is required")] if row.is_required else []
            continue
        values[name] = _typed(given[name], row.schema)
        found += faults(values[name], row.schema, name)
    _raise(found)
    return values


def versions_of(request: WireRequest) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` names, None for ``*`` (RFC 9110 section 13.1.1); raises ``Problem`` (RFC 6585 section 3)."""
    header = request.header("if-match").strip()
    if not header:
        raise Problem(428, "if_match_required", "send If-Match with the ETag of the version that you have seen")
    return None if header == "*" else frozenset(int(number) for number in _TAG.findall(header))


def body_of(request: WireRequest, schema: Schema) -> dict[str, Any]:
    """Return the body; raises ``Problem``. No name twice, nothing that could not be stored."""
    if not request.body and not schema.get("required"):
        return {}
    if request.content_type.partition(";")[0].strip().lower() != _JSON:
        raise Problem(415, "content_type", "the body must be application/json")
    try:
        value = read_object(request.body)
        orjson.dumps(value)
    except (ValueError, TypeError) as error:
        raise Problem(400, "malformed_json", "the body must be one JSON object, no member twice") from error
    _raise(list(faults(value, schema)))
    return value


def resolved(schema: Schema, shapes: Mapping[str, Schema]) -> Schema:
    """Return the schema behind a reference."""
    target = schema.get("$ref")
    return shapes[target.removeprefix(_REFERENCE)] if target else schema


def _typed(text: str, schema: Schema) -> object:
    if schema.get("type") == "integer" and _NUMBER.fullmatch(text):
        return int(text)
    if schema.get("type") == "boolean":
        return _FLAGS.get(text, text)
    return text


def _unwrapped(value: str) -> str:
    try:
        return base64url.decode(value[1:].encode()).decode()
    except ValueError as error:
        raise Problem(404, "not_found") from error


def _raise(found: list[SchemaFault]) -> None:
    if found:
        shown = [{"field": one.field, "code": one.code, "detail": one.detail} for one in found[:20]]
        raise Problem(422, "invalid_input", errors=shown)
