"""The OpenAPI 3.1 document, made from the table of operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from idp.endpoints.api.operation import JSON, Operation
from idp.endpoints.api.schema import PRINTED, Schema, ref
from idp.protocol.resources import API_PATH
from policies.delegation import SCOPES

VERSION: Final = "1.0.0"
_PROBLEM: Final[Schema] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "case_code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "case_code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
}
_EXPLAINED: Final = {
    "400": "The request cannot be read",
    "401": "No token, a token that does not count, or a sign-in that is not sure or recent enough",
    "403": "The caller sees it, and may not do that",
    "404": "There is no such thing, or it is not the caller's to see",
    "409": "The state of things does not permit it",
    "412": "It was changed since the version that If-Match names",
    "413": "The body is too large",
    "415": "The body must be application/json",
    "422": "The values break a rule; `errors` names each field",
    "428": "If-Match is required",
    "429": "Too many requests",
    "503": "Try again later",
}
_WITH_BODY: Final = ("413", "415", "422")
_ALWAYS: Final = ("400", "401", "403", "404", "429", "503")


def document(issuer: str, table: Iterable[Operation], shapes: Mapping[str, Schema]) -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for one in table:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Định Danh: Admin API", "version": VERSION, "description": "See docs/api.md."},
        "servers": [{"url": issuer + API_PATH}],
        "paths": paths,
        "components": {"schemas": {**shapes, "Problem": _PROBLEM}, "securitySchemes": {"oauth": _oauth(issuer)}},
    }


def _oauth(issuer: str) -> dict[str, Any]:
    scopes = {name: ", ".join(sorted(actions)) for name, actions in SCOPES.items()}
    token = f"{issuer}/token"
    return {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {"authorizationUrl": f"{issuer}/authorize", "tokenUrl": token, "scopes": scopes},
            "clientCredentials": {"tokenUrl": token, "scopes": scopes},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "tags": [one.path.split("/")[1]],
        "security": [{"oauth": [scope]} for scope in one.scopes],
        "parameters": [*_variables(one), *_query(one), *_headers(one)],
        "responses": _responses(one),
    }
    if one.body is not None:
        described["requestBody"] = {
            "required": bool(one.body.get("required")) or "$ref" in one.body,
            "content": {"application/json": {"schema": one.body}},
        }
    return described


def _variables(one: Operation) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 512, "pattern": PRINTED}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in one.variables]


def _query(one: Operation) -> list[dict[str, Any]]:
    return [{"name": row.name, "in": "query", "required": row.is_required, "schema": row.schema} for row in one.query]


def _headers(one: Operation) -> list[dict[str, Any]]:
    found = []
    if one.is_versioned:
        found.append(_header("If-Match", "The ETag of the version that the caller has seen.", is_required=True))
    if one.method == "POST":
        found.append(
            _header("Idempotency-Key", "The same request with the same key is carried out once.", is_required=False)
        )
    return found


def _header(name: str, text: str, *, is_required: bool) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    return {"name": name, "in": "header", "required": is_required, "description": text, "schema": schema}


def _responses(one: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": one.summary}
    if one.result is not None:
        answer["content"] = {"application/json": {"schema": one.result}}
    elif one.media != JSON:
        answer["content"] = {one.media: {"schema": {"type": "string"}}}
    found = {str(one.status): answer}
    if any(row.name == "dry_run" for row in one.query):
        found["200"] = _json("Nothing was done: it holds", "Checked")
    if one.waits:
        found["202"] = _json("It waits for a second person", "Waiting")
    codes = {*_ALWAYS, *(_WITH_BODY if one.body is not None else ()), *(("412", "428") if one.is_versioned else ())}
    if one.method != "GET":
        codes.add("409")
    if one.query:
        codes.add("422")
    if one.method == "POST":
        codes.add("422")
    return found | {code: _refusal(_EXPLAINED[code]) for code in sorted(codes)}


def _json(text: str, name: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": ref(name)}}}


def _refusal(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"schema": ref("Problem")}}}


def pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path of the table; a variable never holds a slash."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
