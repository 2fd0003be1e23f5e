"""JSON Schema as far as the table of operations uses it: what a value breaks, each fault with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]
_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
PRINTED: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""The pattern of every text: a control character could not be stored, or would not be seen."""


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One fault: where (``a.b[1]``), a reason id, and what would be right."""

    field: str
    code: str
    detail: str


def faults(value: object, schema: Schema, place: str = "") -> Iterator[SchemaFault]:
    """Yield every fault of a value."""
    kinds = schema.get("type")
    if kinds is not None:
        allowed = [kinds] if isinstance(kinds, str) else list(kinds)
        if not any(_TYPES[kind](value) for kind in allowed):
            yield SchemaFault(place, "type", f"must be {' or '.join(allowed)}")
            return
    if "enum" in schema and value not in schema["enum"]:
        yield SchemaFault(place, "enum", f"must be one of {', '.join(map(str, schema['enum']))}")
    if isinstance(value, str):
        yield from _text(value, schema, place)
    elif isinstance(value, dict):
        yield from _members(value, schema, place)
    elif isinstance(value, list):
        yield from _items(value, schema.get("items", {}), place)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _number(value, schema, place)


def _text(value: str, schema: Schema, place: str) -> Iterator[SchemaFault]:
    if len(value) < schema.get("minLength", 0):
        yield SchemaFault(place, "empty", "must not be empty")
    if len(value) > schema.get("maxLength", len(value)):
        yield SchemaFault(place, "too_long", f"must be at most {schema['maxLength']} characters")
    if _UNPRINTED.search(value):
        yield SchemaFault(place, "characters", "must not hold control characters")
    elif "pattern" in schema and not re.search(schema["pattern"], value):
        yield SchemaFault(place, "pattern", f"must match {schema['pattern']}")


def _number(value: int, schema: Schema, place: str) -> Iterator[SchemaFault]:
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    if not least <= value <= most:
        yield SchemaFault(place, "range", f"must be {schema.get('minimum', '')} to {schema.get('maximum', '')}")


def _members(value: dict[str, Any], schema: Schema, place: str) -> Iterator[SchemaFault]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield SchemaFault(_at(place, name), "missing", "is required")
    for name, one in value.items():
        if name in properties:
            yield from faults(one, properties[name], _at(place, name))
        elif schema.get("additionalProperties") is False:
            yield SchemaFault(_at(place, name[:64] if name.isprintable() else "?"), "unknown", "is not known here")


def _items(value: list[Any], schema: Schema, place: str) -> Iterator[SchemaFault]:
    for number, one in enumerate(value):
        yield from faults(one, schema, f"{place}[{number}]")


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def text(most: int, least: int = 0, **more: Any) -> Schema:
    """Return the schema of a text."""
    bounds = {"minLength": least} if least else {}
    return {"type": "string", **bounds, "maxLength": most, "pattern": PRINTED, **more}


def number(least: int, most: int, **more: Any) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": least, "maximum": most, **more}


def choice(*words: str, **more: Any) -> Schema:
    """Return the schema of one word out of several."""
    return {"type": "string", "enum": list(words), **more}


def members(required: tuple[str, ...] = (), *, closed: bool = True, **properties: Schema) -> Schema:
    """Return the schema of an object; ``closed`` lets no other member pass."""
    listed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **listed, **({"additionalProperties": False} if closed else {})}


def nullable(schema: Schema) -> Schema:
    """Return the schema that takes null as well."""
    return {**schema, "type": [schema["type"], "null"]}


def items(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """Return a reference to a shape of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
